#pragma once

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rondo/detail/base/base64.hpp"
#include "rondo/detail/curl/transfer.hpp"

namespace rondo::controller {

/// How to reach a cluster, and as whom.
struct kubernetes_access {
  std::string server{};
  std::string token{};
  /// Read for every request when it is set.
  std::string token_file{};
  rondo::detail::curl::tls_material tls{};
};

inline std::string read_kubernetes_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::invalid_argument("cannot read '" + path + "'");
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

namespace detail_kubeconfig {

/// The file as "clusters.0.cluster.server" -> "https://...": the block form of YAML with plain and quoted texts, which
/// is what kubectl writes.
class flat_yaml {
 public:
  /// Throws std::invalid_argument that names the line.
  explicit flat_yaml(const std::string& text) {
    std::size_t number = 0;
    for (std::size_t at = 0; at < text.size();) {
      const auto end = std::min(text.find('\n', at), text.size());
      read_line(std::string_view(text).substr(at, end - at), ++number);
      at = end + 1;
    }
  }

  std::string get(const std::string& path) const {
    const auto found = values_.find(path);
    return found == values_.end() ? std::string() : found->second;
  }
  bool has_below(const std::string& path) const {
    const auto next = values_.lower_bound(path + ".");
    return next != values_.end() && next->first.starts_with(path + ".");
  }
  /// "users.3" of the entry whose name is that; empty: there is none.
  std::string find_named(const std::string& list, const std::string& name) const {
    for (std::size_t index = 0; has_below(list + "." + std::to_string(index)); ++index) {
      std::string entry = list + "." + std::to_string(index);
      if (get(entry + ".name") == name) return entry;
    }
    return {};
  }

 private:
  struct level {
    std::size_t indent = 0;
    std::string path{};
    /// Of the items of a list; -1: not a list.
    int index = -1;
  };

  [[noreturn]] static void fail(std::size_t line, const std::string& why) {
    throw std::invalid_argument("line " + std::to_string(line) + " of the kubeconfig " + why);
  }

  void read_line(std::string_view line, std::size_t number) {
    while (line.ends_with('\r') || line.ends_with(' ')) line.remove_suffix(1);
    const auto start = line.find_first_not_of(' ');
    if (start == std::string_view::npos || line[start] == '#' || line == "---") return;
    if (line[start] == '\t') fail(number, "is indented with a tab");
    read_content(line.substr(start), start, number);
  }

  void read_content(std::string_view content, std::size_t indent, std::size_t number) {
    if (content == "-" || content.starts_with("- ")) {
      while (!levels_.empty() &&
             (levels_.back().indent > indent || (levels_.back().indent == indent && levels_.back().index < 0))) {
        levels_.pop_back();
      }
      if (levels_.empty() || levels_.back().indent < indent || levels_.back().index < 0) {
        levels_.push_back({indent, parent_at(indent), -1});
        levels_.back().index = 0;
      } else {
        ++levels_.back().index;
      }
      const auto rest = content.find_first_not_of(' ', 1);
      if (rest != std::string_view::npos) read_content(content.substr(rest), indent + rest, number);
      return;
    }
    const auto colon = content.find(": ");
    const bool opens = colon == std::string_view::npos && content.ends_with(':');
    if (colon == std::string_view::npos && !opens) return;  // an item that is a plain text
    const std::string key = unquoted(content.substr(0, opens ? content.size() - 1 : colon), number);
    while (!levels_.empty() && levels_.back().indent >= indent) levels_.pop_back();
    const std::string path = joined(current(), key);
    if (opens) {
      pending_ = {indent, path, -1};
      levels_.push_back(pending_);
      return;
    }
    values_[path] = unquoted(content.substr(colon + 2), number);
  }

  std::string current() const {
    if (levels_.empty()) return {};
    const level& of = levels_.back();
    return of.index < 0 ? of.path : joined(of.path, std::to_string(of.index));
  }
  /// A list may stand as deep as the key that it belongs to.
  std::string parent_at(std::size_t indent) const {
    if (pending_.indent == indent && !pending_.path.empty()) return pending_.path;
    return current();
  }
  static std::string joined(const std::string& path, const std::string& key) {
    return path.empty() ? key : path + "." + key;
  }

  static std::string unquoted(std::string_view text, std::size_t number) {
    while (text.ends_with(' ')) text.remove_suffix(1);
    while (text.starts_with(' ')) text.remove_prefix(1);
    if (text.empty()) return {};
    if (text == "{}" || text == "[]" || text == "null" || text == "~") return {};
    constexpr std::string_view special = "{[&*|>!%@`";
    if (special.find(text.front()) != std::string_view::npos) {
      fail(number,
           "is written in a form of YAML that is not read here: use the one that 'kubectl config view --raw' writes");
    }
    const char quote = text.front();
    if (quote == '"' || quote == '\'') {
      if (text.size() < 2 || text.back() != quote) fail(number, "has a quote without its end");
      return std::string(text.substr(1, text.size() - 2));
    }
    if (const auto comment = text.find(" #"); comment != std::string_view::npos) text = text.substr(0, comment);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return std::string(text);
  }

  std::map<std::string, std::string> values_;
  std::vector<level> levels_;
  level pending_;
};

inline std::string material(const flat_yaml& from, const std::string& entry, const std::string& key,
                            const std::string& folder) {
  if (const auto data = from.get(entry + "." + key + "-data"); !data.empty()) {
    const auto decoded = rondo::detail::base64_decode(data);
    if (!decoded) throw std::invalid_argument("'" + key + "-data' of the kubeconfig is not base64");
    return *decoded;
  }
  const std::string path = from.get(entry + "." + key);
  if (path.empty()) return {};
  return read_kubernetes_file(path.front() == '/' ? path : folder + "/" + path);
}

}  // namespace detail_kubeconfig

/// Reads a kubeconfig: server and authorities of the cluster; token, token file or client certificate of the user.
/// Throws std::invalid_argument, also for what would need another program (exec, auth-provider).
inline kubernetes_access read_kubeconfig(const std::string& text, std::string context = {},
                                         const std::string& folder = ".") {
  const detail_kubeconfig::flat_yaml file(text);
  if (context.empty()) context = file.get("current-context");
  if (context.empty()) throw std::invalid_argument("the kubeconfig has no current-context: name a 'context'");
  const auto named = [&file](const std::string& list, const std::string& name) {
    auto entry = file.find_named(list, name);
    if (entry.empty()) throw std::invalid_argument("the kubeconfig has no '" + name + "' among its " + list);
    return entry;
  };
  const std::string chosen = named("contexts", context) + ".context";
  const std::string cluster = named("clusters", file.get(chosen + ".cluster")) + ".cluster";
  const std::string user = named("users", file.get(chosen + ".user")) + ".user";
  for (const char* each : {"exec", "auth-provider"}) {
    if (file.has_below(user + "." + each)) {
      throw std::invalid_argument(std::string("the kubeconfig's user needs another program ('") + each +
                                  "'): use one with a token or a client certificate");
    }
  }
  if (file.get(cluster + ".insecure-skip-tls-verify") == "true") {
    throw std::invalid_argument("the kubeconfig wants the server's certificate not to be checked; give its authority");
  }
  kubernetes_access made;
  made.server = file.get(cluster + ".server");
  if (made.server.empty()) throw std::invalid_argument("the kubeconfig's cluster has no server");
  made.tls.authorities = detail_kubeconfig::material(file, cluster, "certificate-authority", folder);
  made.tls.certificate = detail_kubeconfig::material(file, user, "client-certificate", folder);
  made.tls.private_key = detail_kubeconfig::material(file, user, "client-key", folder);
  made.token = file.get(user + ".token");
  made.token_file = file.get(user + ".tokenFile");
  return made;
}

}  // namespace rondo::controller
