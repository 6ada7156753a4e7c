#pragma once

#include "rondo/testing/environment_options.hpp"
#include "rondo/testing/workflow_environment.hpp"
