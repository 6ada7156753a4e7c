#pragma once
#include <sys/utsname.h>
#include <temporal/api/worker/v1/message.pb.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <functional>
#include <string>
#include <utility>

namespace rondo::detail::worker {

/// Where a worker runs, as far as its process can see.
class environment_reader {
 public:
  using message = temporal::api::worker::v1::EnvironmentInfo;
  using hosting = message::HostingEnvironment;

  /// `variable` gives a variable of the environment, or null; `exists` tells whether there is a file.
  explicit environment_reader(
      std::function<const char*(const char*)> variable = [](const char* name) { return std::getenv(name); },
      std::function<bool(const char*)> exists = [](const char* path) { return access(path, F_OK) == 0; })
      : variable_(std::move(variable)), exists_(std::move(exists)) {}

  message read() const {
    message made;
    made.add_runtimes()->set_type(message::Runtime::RUNTIME_TYPE_NATIVE);
    for (const auto& each : signs) {
      const char* found = variable_(each.variable);
      if (found != nullptr && *found != '\0' && !has(made, each.of)) made.add_hosting_environments()->set_type(each.of);
    }
    if (exists_("/.dockerenv")) made.add_hosting_environments()->set_type(hosting::HOSTING_ENVIRONMENT_TYPE_DOCKER);
    write_platform(*made.mutable_platform());
    return made;
  }

 private:
  struct sign {
    const char* variable;
    hosting::HostingEnvironmentType of;
  };
  /// Variables by which hosts can be told, as these document them.
  static constexpr std::array signs = {
      sign{"AWS_LAMBDA_FUNCTION_NAME", hosting::HOSTING_ENVIRONMENT_TYPE_AWS_LAMBDA},
      sign{"ECS_CONTAINER_METADATA_URI_V4", hosting::HOSTING_ENVIRONMENT_TYPE_AWS_ECS},
      sign{"ECS_CONTAINER_METADATA_URI", hosting::HOSTING_ENVIRONMENT_TYPE_AWS_ECS},
      // The first is that of services, the second that of jobs.
      sign{"K_SERVICE", hosting::HOSTING_ENVIRONMENT_TYPE_GOOGLE_CLOUD_RUN},
      sign{"CLOUD_RUN_JOB", hosting::HOSTING_ENVIRONMENT_TYPE_GOOGLE_CLOUD_RUN},
      sign{"GAE_SERVICE", hosting::HOSTING_ENVIRONMENT_TYPE_GOOGLE_APP_ENGINE},
      sign{"CONTAINER_APP_NAME", hosting::HOSTING_ENVIRONMENT_TYPE_AZURE_CONTAINER_APPS},
      sign{"FUNCTIONS_WORKER_RUNTIME", hosting::HOSTING_ENVIRONMENT_TYPE_AZURE_FUNCTIONS},
      sign{"WEBSITE_SITE_NAME", hosting::HOSTING_ENVIRONMENT_TYPE_AZURE_APP_SERVICE},
      sign{"KUBERNETES_SERVICE_HOST", hosting::HOSTING_ENVIRONMENT_TYPE_K8S},
  };
  static bool has(const message& made, hosting::HostingEnvironmentType kind) {
    for (const auto& each : made.hosting_environments()) {
      if (each.type() == kind) return true;
    }
    return false;
  }

  static message::Architecture architecture() {
#if defined(__x86_64__) || defined(_M_X64)
    return message::ARCHITECTURE_AMD64;
#elif defined(__aarch64__) || defined(_M_ARM64)
    return message::ARCHITECTURE_ARM64;
#else
    return message::ARCHITECTURE_UNSPECIFIED;
#endif
  }
  static void write_platform(message::Platform& into) {
    utsname about{};
    const std::string version = uname(&about) == 0 ? static_cast<const char*>(about.release) : "";
#if defined(__APPLE__)
    into.mutable_macos()->set_version(version);
    into.mutable_macos()->set_architecture(architecture());
#elif defined(__linux__)
    into.mutable_linux()->set_version(version);
    into.mutable_linux()->set_architecture(architecture());
    // musl does not name itself; other libraries than these two are rare.
#if defined(__GLIBC__)
    into.mutable_linux()->set_libc(message::LinuxPlatform::LIBC_GLIBC);
#endif
#endif
  }

  std::function<const char*(const char*)> variable_;
  std::function<bool(const char*)> exists_;
};

}  // namespace rondo::detail::worker
