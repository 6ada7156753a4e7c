#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "rondo/detail/engine/replay.hpp"
#include "support/recorded_workflows.hpp"

// Histories that a real server wrote for the workflows of support/recorded_workflows.hpp, run by real workers.
// test/server/workflow_test.cpp records them anew when RONDO_RECORD names a folder.
namespace rondo::test {
namespace recorded_histories_test {

namespace engine = rondo::detail::engine;

engine::History read(const std::filesystem::path& file) {
  std::ifstream in(file);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  engine::History history;
  const auto status = google::protobuf::util::JsonStringToMessage(text, &history);
  EXPECT_TRUE(status.ok()) << file << ": " << status.ToString();
  return history;
}

const std::string& workflow_of(const engine::History& history) {
  return history.events(0).workflow_execution_started_event_attributes().workflow_type().name();
}

std::vector<std::filesystem::path> recorded_files() {
  std::vector<std::filesystem::path> all;
  for (const auto& each : std::filesystem::directory_iterator("test/histories")) {
    if (each.path().extension() == ".json") all.push_back(each.path());
  }
  return all;
}

engine::History part(const engine::History& of, int from, int to) {
  engine::History page;
  for (int index = from; index < to; ++index) *page.add_events() = of.events(index);
  return page;
}

TEST(recorded_histories, are_there) { EXPECT_GE(recorded_files().size(), 9U); }

TEST(recorded_histories, replay_in_one_piece) {
  const auto app = recorded::workflows();
  for (const auto& file : recorded_files()) {
    const auto history = read(file);
    const auto* definition = app.find_workflow(workflow_of(history));
    ASSERT_NE(definition, nullptr) << file;
    const auto result = engine::replay(*definition, history);
    EXPECT_TRUE(result.ok) << file << ": " << result.message;
  }
}

TEST(recorded_histories, replay_when_pages_split_them_anywhere) {
  const auto app = recorded::workflows();
  for (const auto& file : recorded_files()) {
    const auto history = read(file);
    const auto& definition = *app.find_workflow(workflow_of(history));
    const engine::History nothing;
    for (int split = 0; split <= history.events_size(); ++split) {
      const auto first = part(history, 0, split), second = part(history, split, history.events_size());
      const engine::History* const pages[] = {&first, &nothing, &second};
      const auto result = engine::replay(definition, pages);
      EXPECT_TRUE(result.ok) << file << " split after event " << split << ": " << result.message;
    }
  }
}

TEST(recorded_histories, replay_event_by_event) {
  const auto app = recorded::workflows();
  for (const auto& file : recorded_files()) {
    const auto history = read(file);
    std::vector<engine::History> pages;
    for (int index = 0; index < history.events_size(); ++index) pages.push_back(part(history, index, index + 1));
    std::vector<const engine::History*> all;
    for (const auto& page : pages) all.push_back(&page);
    const auto result = engine::replay(*app.find_workflow(workflow_of(history)), all);
    EXPECT_TRUE(result.ok) << file << ": " << result.message;
  }
}

TEST(recorded_histories, do_not_replay_with_other_workflows) {
  const auto app = recorded::workflows();
  int refused = 0;
  for (const auto& file : recorded_files()) {
    const auto history = read(file);
    for (const auto& name : app.workflow_names()) {
      if (name == workflow_of(history)) continue;
      if (!engine::replay(*app.find_workflow(name), history).ok) ++refused;
    }
  }
  const auto files = static_cast<int>(recorded_files().size());
  const auto others = static_cast<int>(app.workflow_names().size()) - 1;
  EXPECT_EQ(refused, files * others);
}

}  // namespace recorded_histories_test
}  // namespace rondo::test
