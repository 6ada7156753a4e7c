#!/usr/bin/env python3
"""Shows that `sync_protos.py --check` sees every kind of difference. Runs with the packages of requirements.txt."""

import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))
import sync_protos

FAILURE = "temporal/api/failure/v1/message.proto"
SERVICE = "temporal/api/workflowservice/v1/service.proto"


class Check(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.committed = sync_protos.PROTO
        cls.index = sync_protos.Index(sync_protos.official_files())

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(setattr, sync_protos, "PROTO", self.committed)
        sync_protos.PROTO = pathlib.Path(folder.name) / "proto"
        shutil.copytree(self.committed, sync_protos.PROTO)

    def differences(self):
        methods = sync_protos.find_methods(self.index)
        needed = sync_protos.closure(self.index, methods)
        ours = sync_protos.Index(sync_protos.compiled_files("protoc"))
        return list(sync_protos.differences(self.index, needed, methods, ours))

    def change(self, name, old, new):
        path = sync_protos.PROTO / name
        text = path.read_text(encoding="utf-8")
        self.assertIn(old, text)
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def assert_seen(self, words):
        found = self.differences()
        self.assertTrue(any(words in line for line in found), found)

    def test_accepts_what_is_committed(self):
        self.assertEqual(self.differences(), [])

    def test_sees_another_field_name(self):
        self.change(FAILURE, "bool non_retryable = 2;", "bool not_retryable = 2;")
        self.assert_seen("ApplicationFailureInfo: field 2: name is not_retryable, officially non_retryable")

    def test_sees_another_number(self):
        self.change(FAILURE, "bool non_retryable = 2;", "bool non_retryable = 22;")
        self.assert_seen("ApplicationFailureInfo: field 22 (non_retryable) is not official")

    def test_sees_another_type(self):
        self.change(FAILURE, "bool non_retryable = 2;", "int32 non_retryable = 2;")
        self.assert_seen("field 2: type is int32, officially bool")

    def test_sees_another_label(self):
        self.change(FAILURE, "bool non_retryable = 2;", "repeated bool non_retryable = 2;")
        self.assert_seen("field 2: label is repeated, officially optional")

    def test_sees_a_missing_field(self):
        self.change(FAILURE, "  bool non_retryable = 2;\n", "")
        self.assert_seen("field 2 (non_retryable) is missing")

    def test_sees_another_enum_value(self):
        self.change("temporal/api/enums/v1/query.proto", "QUERY_RESULT_TYPE_FAILED = 2;", "QUERY_RESULT_TYPE_FAILED = 3;")
        self.assert_seen("QueryResultType: value 2 (['QUERY_RESULT_TYPE_FAILED']) is missing")

    def test_sees_another_rpc(self):
        self.change(SERVICE, "rpc QueryWorkflow(", "rpc AskWorkflow(")
        self.assert_seen("WorkflowService: rpc QueryWorkflow")

    def test_sees_a_needed_message_that_is_missing(self):
        with open(sync_protos.PROTO / "rpcs.txt", "a", encoding="utf-8") as rpcs:
            rpcs.write("ScanWorkflowExecutions\n")
        self.assert_seen("ScanWorkflowExecutionsRequest: message is missing")

    def test_sees_a_message_that_nothing_needs(self):
        self.change("messages.txt", "temporal.api.sdk.v1.EnhancedStackTrace\n", "")
        self.assert_seen("EnhancedStackTrace: message is not needed")

    def test_refuses_an_unknown_rpc(self):
        with open(sync_protos.PROTO / "rpcs.txt", "a", encoding="utf-8") as rpcs:
            rpcs.write("NoSuchCall\n")
        with self.assertRaisesRegex(sync_protos.SyncError, "no RPC NoSuchCall"):
            self.differences()

    def test_writes_what_it_accepts(self):
        methods = sync_protos.find_methods(self.index)
        needed = sync_protos.closure(self.index, methods)
        (sync_protos.PROTO / FAILURE).unlink()
        sync_protos.write_all(self.index, needed, methods)
        self.assertEqual((sync_protos.PROTO / FAILURE).read_bytes(), (self.committed / FAILURE).read_bytes())
        self.assertEqual(self.differences(), [])


if __name__ == "__main__":
    unittest.main()
