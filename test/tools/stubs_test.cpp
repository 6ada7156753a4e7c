#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "rondo/describe.hpp"
#include "rondo/nexus.hpp"
#include "rondo/registry.hpp"
#include "rondo/workflow.hpp"
#include "tools/stubs/generate.hpp"

namespace rondo::tools::stubs {
namespace stubs_test {

std::string generated(const std::string& language, const std::string& description, const std::string& package = {}) {
  return generate_stubs({.language = language, .package = package}, description);
}
std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const stub_error& failed) {
    return failed.what();
  }
  return "nothing was thrown";
}
/// A description with these parts; empty ones are left out.
std::string described(const std::string& definitions, const std::string& activities = {},
                      const std::string& workflows = {}) {
  std::string out = R"({"rondo": 1)";
  if (!definitions.empty()) out += R"(, "$defs": {)" + definitions + "}";
  if (!activities.empty()) out += R"(, "activities": [)" + activities + "]";
  if (!workflows.empty()) out += R"(, "workflows": [)" + workflows + "]";
  return out + "}";
}
std::string refusal(const std::string& description) {
  return error_of([&] { generated("go", description); });
}
/// An activity that takes a value of the schema.
std::string taking(const std::string& schema) { return R"({"name": "a", "arguments": [)" + schema + "]}"; }
std::string with_field(const std::string& name) {
  return described(R"("thing": {"type": "object", "properties": {")" + name +
                   R"(": {"type": "string"}}, "required": [")" + name + R"("]})");
}

::testing::AssertionResult has(const std::string& text, const std::string& part) {
  if (text.find(part) != text.npos) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "there is no\n" << part << "\nin\n" << text;
}

TEST(stub_names, SplitIntoWords) {
  const std::vector<std::string> server{"http", "server", "v2", "of", "me"};
  EXPECT_EQ(words_of("HTTPServer-v2 of_me"), server);
  EXPECT_EQ(snake_case("chargeCard"), "charge_card");
  EXPECT_EQ(snake_case("order-status"), "order_status");
  EXPECT_EQ(snake_case("2fast"), "n2fast");
  EXPECT_EQ(snake_case("größe"), "gr_e");
  EXPECT_EQ(snake_case("東京"), "unnamed");
  EXPECT_EQ(pascal_case("charge_card"), "ChargeCard");
  EXPECT_EQ(go_case("user_id"), "UserID");
}

TEST(stub_names, AreGivenOnce) {
  scope names("_", {"class"});
  EXPECT_EQ(names.claim("order"), "order");
  EXPECT_EQ(names.claim("order"), "order_2");
  EXPECT_EQ(names.claim("class"), "class_");
  EXPECT_EQ(names.claim("a", {"start_*", "get_*"}), "a");
  EXPECT_EQ(names.claim("start_a"), "start_a_2");
}

TEST(stub_names, AreLiteralsInAllLanguages) {
  EXPECT_EQ(literal("a \"b\" \\ \n"), R"("a \"b\" \\ \012")");
  EXPECT_EQ(literal("naïve"), "\"naïve\"");
}

TEST(stub_reader, RefusesWhatIsNoDescription) {
  EXPECT_EQ(refusal("{\n  \"rondo\": }"),
            "the description is not JSON: expected a value, found '}' at line 2, column 12");
  EXPECT_EQ(refusal("[]"), "the description: this is not an object");
  EXPECT_EQ(refusal("{}"), "the description: it has no \"rondo\", the version of the format; is it a description?");
  EXPECT_EQ(refusal(R"({"rondo": 2})"), "the description: its version is 2, and this program knows 1 only");
  EXPECT_EQ(refusal(R"({"rondo": "1"})"), "rondo: this is not a small number");
  EXPECT_EQ(refusal(R"({"rondo": 1, "activities": {}})"), "activities: this is not an array");
}

TEST(stub_reader, RefusesTypesThatItDoesNotKnow) {
  EXPECT_EQ(refusal(described("", taking(R"({"type": "date"})"))),
            R"(activities[0].arguments[0]: unknown type {"type": "date"})");
  EXPECT_EQ(refusal(described("", taking("{}"))), "activities[0].arguments[0]: unknown type {}");
  EXPECT_EQ(refusal(described("", taking(R"({"type": "integer", "format": "int7"})"))),
            "activities[0].arguments[0].format: unknown format of an integer");
  EXPECT_EQ(refusal(described("", taking(R"({"type": "string", "format": "uuid"})"))),
            "activities[0].arguments[0].format: unknown format of a string");
  EXPECT_EQ(refusal(described("", taking(R"({"anyOf": [{"type": "string"}, {"type": "boolean"}]})"))),
            "activities[0].arguments[0].anyOf: only a type and null, in that order, are known");
  EXPECT_EQ(refusal(described("", taking(R"({"type": "object", "properties": {}})"))),
            "activities[0].arguments[0]: give an object a name of its own in $defs");
  EXPECT_EQ(refusal(described("", taking(R"({"type": "string", "enum": ["a"]})"))),
            "activities[0].arguments[0]: give an enumeration a name of its own in $defs");
}

TEST(stub_reader, RefusesReferencesToNothing) {
  EXPECT_EQ(refusal(described("", taking(R"({"$ref": "#/$defs/order"})"))),
            "activities[0].arguments[0].$ref: there is no \"order\" in $defs");
  EXPECT_EQ(refusal(described("", taking(R"({"$ref": "order.json"})"))),
            "activities[0].arguments[0].$ref: only references to #/$defs/... are known");
  EXPECT_EQ(refusal(described(R"("a": {"$ref": "#/$defs/a"})")), "$defs.a: it stands for itself");
}

TEST(stub_reader, RefusesTypesWithoutEnd) {
  EXPECT_EQ(
      refusal(described(R"("a": {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "required": ["a"]})")),
      "$defs.a: a value of it would hold another without end");
  EXPECT_EQ(refusal(described(R"("a": {"type": "array", "items": {"$ref": "#/$defs/a"}})")),
            "$defs.a: it is a part of itself and no object");
  EXPECT_TRUE(has(generated("go", described(R"("a": {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}})")),
                  "A *A `json:\"a,omitempty\"`"));
}

TEST(stub_reader, RefusesNamesThatStandThereTwice) {
  EXPECT_EQ(refusal(described("", R"({"name": "a"}, {"name": "a"})")), "activities[1]: \"a\" is there twice");
  EXPECT_EQ(refusal(described("", R"({"name": ""})")), "activities[0]: the name is empty");
  EXPECT_EQ(refusal(described("", R"({})")), "activities[0]: \"name\" is missing");
  EXPECT_EQ(refusal(described(R"("a": {"type": "object", "properties": {}, "required": ["b"]})")),
            "$defs.a.required[0]: there is no such property");
  EXPECT_EQ(refusal(described(R"("a": {"type": "string", "enum": []})")), "$defs.a.enum: it has no values");
}

TEST(stub_reader, RefusesWrongOptions) {
  const std::string nothing = described("");
  EXPECT_EQ(error_of([&] { generated("rust", nothing); }), "--language \"rust\": go, python and cpp are known");
  EXPECT_EQ(error_of([&] { generated("go", nothing, "my-package"); }),
            "--package \"my-package\": no name of a Go package");
  EXPECT_EQ(error_of([&] { generated("go", nothing, "func"); }), "--package \"func\": no name of a Go package");
  EXPECT_EQ(error_of([&] { generated("cpp", nothing, "a::class"); }), "--package \"a::class\": no name of a namespace");
  EXPECT_EQ(error_of([&] { generated("python", nothing, "a"); }),
            "--package \"a\": a module of Python is called like its file, see --output");
  EXPECT_TRUE(has(generated("cpp", nothing, "a::b"), "namespace a::b {"));
}

TEST(stub_reader, LeavesOutWhatTakesAnyName) {
  const std::string description =
      described("", R"({"dynamic": true})", R"({"dynamic": true, "signals": [{"dynamic": true}]})");
  EXPECT_EQ(generated("go", description), "// Code generated by rondo-stubs. DO NOT EDIT.\n\npackage stubs\n");
}

TEST(stub_reader, RefusesOperationsOfTwoValues) {
  EXPECT_EQ(refusal(R"({"rondo": 1, "nexus_services": [{"name": "s", "operations": [{"name": "o", "arguments": )"
                    R"([{"type": "boolean"}, {"type": "boolean"}]}]}]})"),
            "nexus_services[0].operations[0]: a Nexus operation takes at most one value");
}

TEST(go_stubs, ResolveNamesThatClash) {
  const std::string text = generated(
      "go", described(R"("order": {"type": "object", "properties": {}}, "Order": {"type": "object", "properties": {}})",
                      R"({"name": "charge_card"}, {"name": "ChargeCard"})", R"({"name": "run"}, {"name": "Run"})"));
  EXPECT_TRUE(has(text, "type Order struct{}"));
  EXPECT_TRUE(has(text, "type Order2 struct{}"));
  EXPECT_TRUE(has(text,
                  "func ExecuteChargeCard(ctx workflow.Context) workflow.Future {\n\treturn "
                  "workflow.ExecuteActivity(ctx, \"charge_card\")"));
  EXPECT_TRUE(has(text,
                  "func ExecuteChargeCard2(ctx workflow.Context) workflow.Future {\n\treturn "
                  "workflow.ExecuteActivity(ctx, \"ChargeCard\")"));
  EXPECT_TRUE(has(text, "const RunName = \"run\""));
  EXPECT_TRUE(has(text, "const Run2Name = \"Run\""));
  EXPECT_TRUE(has(text, "func StartRun2("));
}

TEST(go_stubs, TellDescriptionsInOneLine) {
  const std::string text = generated("go", described("", R"({"name": "a", "description": "First.\n\n- ''Then''\n"})",
                                                     R"({"name": "w", "description": "Works."})"));
  EXPECT_TRUE(has(text, "workflow.WithActivityOptions says how. First. - 'Then'\nfunc ExecuteA("));
  EXPECT_TRUE(has(text, "// StartW starts the workflow. Works.\nfunc StartW("));
}

TEST(go_stubs, NameFieldsAsJsonDoes) {
  EXPECT_TRUE(has(generated("go", with_field("order-id")), "OrderID string `json:\"order-id\"`"));
  EXPECT_TRUE(has(generated("go", with_field("-")), "Unnamed string `json:\"-,\"`"));
  EXPECT_EQ(refusal(with_field("a,b")), "$defs.thing: Go cannot call a field \"a,b\" in JSON");
  EXPECT_EQ(refusal(with_field("")), "$defs.thing: Go cannot have a field without name in JSON");
}

TEST(go_stubs, SendNoNullForListsAndNoBase64ForNumbers) {
  const std::string octets = R"({"type": "array", "items": {"type": "integer", "format": "uint8"}})";
  EXPECT_TRUE(has(generated("go", described("", taking(octets))), "arg []uint16"));
  const std::string lists = R"({"type": "array", "items": )" + octets + "}";
  EXPECT_TRUE(has(generated("go", described("", taking(lists))),
                  "filledSliceOf(arg, func(each []uint16) []uint16 { return filledSlice(each) })"));
}

TEST(go_stubs, SayThatSignalsOfTwoArgumentsAreMissing) {
  const std::string description = described("", "", R"({"name": "w", "signals": [{"name": "move", "arguments":
      [{"type": "integer"}, {"type": "integer"}]}]})");
  EXPECT_TRUE(has(generated("go", description), "// SignalMove is missing: this client sends signals with one"));
}

TEST(python_stubs, KeepFieldsThatPythonCannotNameAsKeys) {
  EXPECT_TRUE(has(generated("python", with_field("id")), "@dataclass\nclass Thing:\n    id: str\n"));
  for (const char* name : {"class", "order-id", "__secret", "str", "Thing"}) {
    EXPECT_TRUE(has(generated("python", with_field(name)),
                    "Thing = TypedDict(\n    \"Thing\",\n    {\n        \"" + std::string(name) + "\": \"str\",\n"));
  }
}

TEST(python_stubs, ResolveNamesThatClash) {
  const std::string text = generated(
      "python", described(R"("any": {"type": "object", "properties": {}})",
                          R"({"name": "charge_card"}, {"name": "ChargeCard"})", R"({"name": "run"}, {"name": "Run"})"));
  EXPECT_TRUE(has(text, "class Any2:"));
  EXPECT_TRUE(has(text, "async def execute_charge_card_2("));
  EXPECT_TRUE(has(text, "async def start_run_2("));
  EXPECT_TRUE(has(text, "class Run2Handle:"));
}

TEST(python_stubs, PutOptionalFieldsAndArgumentsLast) {
  const std::string maybe = R"({"anyOf": [{"type": "string"}, {"type": "null"}]})";
  const std::string text = generated(
      "python", described(R"("thing": {"type": "object", "properties": {"a": {"type": "string"},
      "b": {"type": "boolean"}}, "required": ["b"]})",
                          R"({"name": "f", "arguments": [)" + maybe + ", {\"type\": \"boolean\"}, " + maybe + "]}"));
  EXPECT_TRUE(has(text, "    b: bool\n    a: Optional[str] = None\n"));
  EXPECT_TRUE(has(text, "execute_f(arg1: Optional[str], arg2: bool, arg3: Optional[str] = None, **options: Any)"));
}

TEST(cpp_stubs, RenameWhatCppCannotName) {
  const std::string text = generated("cpp", with_field("class"));
  EXPECT_TRUE(has(text, "struct thing {\n  std::string class_{};\n};"));
  EXPECT_TRUE(has(text, "rondo::json::names<stubs::thing> =\n    rondo::json::renamed({{\"class_\", \"class\"}});"));
  EXPECT_TRUE(has(generated("cpp", described("", R"({"name": "ChargeCard"})")),
                  "rondo::name_of<stubs::charge_card> = \"ChargeCard\";"));
}

TEST(cpp_stubs, KeepMembersFromChangingTypes) {
  const std::string text = generated(
      "cpp",
      described(R"("line": {"type": "object", "properties": {"line": {"$ref": "#/$defs/other"}}, "required": ["line"]},
      "other": {"type": "object", "properties": {"line": {"type": "array", "items": {"$ref": "#/$defs/line"}}},
      "required": ["line"]})"));
  EXPECT_TRUE(has(text, "struct line;\nstruct other;\n"));
  EXPECT_TRUE(has(text, "struct other {\n  std::vector<::stubs::line> line;\n};"));
  EXPECT_TRUE(has(text, "struct line {\n  other line_{};\n};"));
}

TEST(cpp_stubs, PutWhatIsHeldBeforeItsHolder) {
  const std::string text =
      generated("cpp", described(R"("a": {"type": "object", "properties": {"b": {"$ref": "#/$defs/b"}}},
      "b": {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "required": ["a"]},
      "c": {"type": "object", "properties": {"d": {"$ref": "#/$defs/d"}}}, "d": {"type": "object", "properties": {}})"));
  const std::string a = "struct a {\n  std::shared_ptr<::stubs::b> b;\n};", b = "struct b {\n  ::stubs::a a{};\n};";
  const std::string d = "struct d {\n};", c = "struct c {\n  std::optional<::stubs::d> d{};\n};";
  for (const auto& each : {a, b, c, d}) EXPECT_TRUE(has(text, each));
  EXPECT_LT(text.find(a), text.find(b));
  EXPECT_LT(text.find(d), text.find(c));
}

TEST(cpp_stubs, RefuseStructsThatRondoCannotRead) {
  std::string fields;
  for (int i = 0; i < 33; ++i) {
    fields += (i == 0 ? "\"f" : ", \"f") + std::to_string(i) + "\": {\"type\": \"boolean\"}";
  }
  const std::string description = described(R"("wide": {"type": "object", "properties": {)" + fields + "}}");
  EXPECT_EQ(error_of([&] { generated("cpp", description); }), "$defs.wide: Rondo reads structs of up to 32 fields");
}

enum class color { red, blue };
struct line {
  std::string sku{};
  std::optional<color> tint{};
};
line paint(line what, std::vector<std::string> /*with*/) { return what; }
class painting {
 public:
  rondo::task<int> run(line /*first*/) { co_return 1; }
  void add(const line& /*what*/) {}
  std::vector<line> seen() const { return {}; }
  int count(int more) { return more; }
  static constexpr auto handlers =
      rondo::handlers(rondo::signal<&painting::add>({.description = "Adds a line.\nAt once."}),
                      rondo::query<&painting::seen>, rondo::update<&painting::count>);
};

struct shop {
  static constexpr std::string_view name = "paint-shop";
  static constexpr rondo::nexus_operation<line, std::vector<int>> mix{"mix"};
  static constexpr rondo::nexus_operation<void, void> open{"open up"};
};

}  // namespace stubs_test
}  // namespace rondo::tools::stubs

template <>
inline constexpr auto rondo::json::names<rondo::tools::stubs::stubs_test::color> =
    rondo::json::enumerators<rondo::tools::stubs::stubs_test::color>(
        {{rondo::tools::stubs::stubs_test::color::red, "red"}, {rondo::tools::stubs::stubs_test::color::blue, "blue"}});

namespace rondo::tools::stubs::stubs_test {

const std::string& described_registry() {
  static const std::string text = describe(registry{}.workflow<painting>().activity<paint>().nexus_service(
      nexus_handlers<shop>()
          .operation(shop::mix, [](const line& /*what*/) { return std::vector<int>(); })
          .operation(shop::open, [] {})));
  return text;
}

TEST(go_stubs, SayEverythingOfARegistry) {
  const std::string text = generated("go", described_registry(), "paints");
  EXPECT_TRUE(has(text, "package paints\n\nimport (\n\t\"context\"\n\n\t\"go.temporal.io/sdk/client\"\n"));
  EXPECT_TRUE(
      has(text, "type Line struct {\n\tSku  string `json:\"sku\"`\n\tTint *Color `json:\"tint,omitempty\"`\n}"));
  EXPECT_TRUE(has(text, "const ColorBlue Color = \"blue\""));
  EXPECT_TRUE(has(text,
                  "func StartPainting(ctx context.Context, c client.Client, options client.StartWorkflowOptions, "
                  "arg Line) (PaintingHandle, error)"));
  EXPECT_TRUE(has(text,
                  "// SignalAdd sends a signal. Adds a line. At once.\nfunc (h PaintingHandle) "
                  "SignalAdd(ctx context.Context, arg Line) error"));
  EXPECT_TRUE(has(text, "func (h PaintingHandle) QuerySeen(ctx context.Context) ([]Line, error)"));
  EXPECT_TRUE(has(text, "func (h PaintingHandle) UpdateCount(ctx context.Context, arg int32) (int32, error)"));
  EXPECT_TRUE(has(text, "func ExecutePaintingChild(ctx workflow.Context, arg Line) PaintingChild"));
  EXPECT_TRUE(has(text, "func ExecutePaint(ctx workflow.Context, arg1 Line, arg2 []string) ActivityFuture[Line]"));
  EXPECT_TRUE(has(text, "func NewPaintShopClient(endpoint string) PaintShopClient"));
  EXPECT_TRUE(has(text,
                  "func (c PaintShopClient) ExecuteMix(ctx workflow.Context, arg Line, options "
                  "workflow.NexusOperationOptions) OperationFuture[[]int32] {\n\treturn OperationFuture[[]int32]"
                  "{c.NexusClient.ExecuteOperation(ctx, \"mix\", arg, options)}\n}"));
  EXPECT_TRUE(has(text,
                  "ExecuteOpenUp(ctx workflow.Context, options workflow.NexusOperationOptions) "
                  "workflow.NexusOperationFuture {\n\treturn c.NexusClient.ExecuteOperation(ctx, \"open up\", nil, "
                  "options)\n}"));
}

TEST(python_stubs, SayEverythingOfARegistry) {
  const std::string text = generated("python", described_registry());
  EXPECT_TRUE(has(text, "class Color(str, Enum):\n    RED = \"red\"\n    BLUE = \"blue\"\n"));
  EXPECT_TRUE(has(text, "class Line:\n    sku: str\n    tint: Optional[Color] = None\n"));
  EXPECT_TRUE(has(text, "async def start_painting(client: Client, arg: Line, *, id: str, task_queue: str"));
  EXPECT_TRUE(
      has(text, "async def signal_add(self, arg: Line) -> None:\n        \"\"\"Adds a line.\n        At once.\"\"\""));
  EXPECT_TRUE(has(text, "async def query_seen(self) -> list[Line]:"));
  EXPECT_TRUE(has(text, "async def update_count(self, arg: int) -> int:"));
  EXPECT_TRUE(has(text, "async def execute_painting_child(arg: Line, **options: Any) -> int:"));
  EXPECT_TRUE(has(text, "async def execute_paint(arg1: Line, arg2: list[str], **options: Any) -> Line:"));
  EXPECT_TRUE(has(text, "\nimport nexusrpc\nfrom temporalio import workflow\n"));
  EXPECT_TRUE(has(text,
                  "@nexusrpc.service(name=\"paint-shop\")\nclass PaintShop:\n"
                  "    mix: nexusrpc.Operation[Line, list[int]] = nexusrpc.Operation(name=\"mix\")\n"
                  "    open_up: nexusrpc.Operation[None, None] = nexusrpc.Operation(name=\"open up\")\n"));
}

TEST(cpp_stubs, SayEverythingOfARegistry) {
  const std::string text = generated("cpp", described_registry(), "paints");
  EXPECT_TRUE(has(text, "struct line {\n  std::string sku{};\n  std::optional<color> tint{};\n};"));
  EXPECT_TRUE(has(text, "line paint(line, std::vector<std::string>);"));
  EXPECT_TRUE(
      has(text, "static constexpr std::string_view name = \"painting\";\n  rondo::task<std::int32_t> run(line);"));
  EXPECT_TRUE(has(text, "  /// Adds a line.\n  /// At once.\n  void add(line);"));
  EXPECT_TRUE(has(text, "std::vector<line> seen() const;"));
  EXPECT_TRUE(has(text,
                  "rondo::signal<&painting::add>(\"add\"),\n      rondo::query<&painting::seen>(\"seen\"),\n      "
                  "rondo::update<&painting::count>(\"count\"));"));
  EXPECT_TRUE(has(text, "{{paints::color::red, \"red\"}, {paints::color::blue, \"blue\"}}"));
  EXPECT_TRUE(has(text,
                  "struct paint_shop {\n  static constexpr std::string_view name = \"paint-shop\";\n"
                  "  static constexpr rondo::nexus_operation<line, std::vector<std::int32_t>> mix{\"mix\"};\n"
                  "  static constexpr rondo::nexus_operation<void, void> open_up{\"open up\"};\n};"));
}

}  // namespace rondo::tools::stubs::stubs_test
