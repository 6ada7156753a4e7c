#pragma once

#include "rondo/testing/activity_environment.hpp"
#include "rondo/testing/environment_options.hpp"
#include "rondo/testing/workflow_environment.hpp"
