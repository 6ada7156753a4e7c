// Scenarios of the TypeScript SDK against one server; prints what came out as one JSON document.
//
//   node scenarios.js ADDRESS [PATTERN]
'use strict';
const crypto = require('node:crypto');
const fs = require('node:fs');
const { Connection, Client, WithStartWorkflowOperation, WorkflowUpdateStage } = require('@temporalio/client');
const { NativeConnection, Runtime, Worker, bundleWorkflowCode, makeTelemetryFilterString } = require('@temporalio/worker');
const activities = require('./activities');
const { runScenarios, pause } = require('./kit');

const scenarios = {
  async signals_and_queries(s) {
    const handle = await s.start('board', 'board');
    await s.attempt('at once', handle.query('count'));
    await handle.signal('add', 'one');
    await s.attempt('after a signal', handle.query('count'));
    await s.attempt('failing', handle.query('broken'));
    await s.attempt('unknown', handle.query('no_such_query'));
    await s.settled(handle.workflowId);
    await handle.signal('finish');
    await s.finished('board', handle);
    await s.attempt('closed', handle.query('count'));
    await s.attempt('signal to closed', handle.signal('add', 'x'));
    const second = await s.client.workflow.signalWithStart('board', {
      workflowId: s.id('signalled'), taskQueue: s.queue, args: [], signal: 'add', signalArgs: ['first'],
    });
    await s.settled(second.workflowId);
    await second.signal('finish');
    await s.finished('signalled', second);
  },

  async updates(s) {
    const handle = await s.start('board', 'board');
    const put = (label, updateId, entry) => s.attempt(label, handle.executeUpdate('put', { updateId, args: [entry] }));
    await s.settled(handle.workflowId);
    await put('completed', 'u1', 'one');
    await put('same id', 'u1', 'two');
    await put('rejected', 'u2', '');
    await put('failing', 'u3', 'fail');
    await s.settled(handle.workflowId);
    const later = await handle.startUpdate('put', { updateId: 'u4', args: ['work'], waitForStage: WorkflowUpdateStage.ACCEPTED });
    await s.attempt('with an activity', later.result());
    await s.settled(handle.workflowId);
    await s.attempt('by id', handle.getUpdateHandle('u3').result());
    await s.attempt('unknown handler', handle.executeUpdate('no_such_update', { updateId: 'u5' }));
    await handle.signal('finish');
    await s.finished('board', handle);
    await put('on closed', 'u6', 'late');
  },

  async update_with_start(s) {
    const operation = (conflict) =>
      new WithStartWorkflowOperation('board', { workflowId: s.id('board'), taskQueue: s.queue, args: [], workflowIdConflictPolicy: conflict });
    const attempt = (label, updateId, entry, conflict) =>
      s.attempt(label, s.client.workflow.executeUpdateWithStart('put', { updateId, args: [entry], startWorkflowOperation: operation(conflict) }));
    await attempt('starts', 'u1', 'one', 'FAIL');
    await s.settled(s.id('board'));
    await attempt('running, fail', 'u2', 'two', 'FAIL');
    await attempt('running, use existing', 'u3', 'three', 'USE_EXISTING');
    await s.settled(s.id('board'));
    const handle = s.client.workflow.getHandle(s.id('board'));
    await handle.signal('finish');
    await s.finished('board', handle);
  },

  async activities(s) {
    await s.finished('regular', await s.start('regular', 'useActivities'));
    await s.finished('local', await s.start('local', 'useLocal'));
  },

  async activity_timeouts(s) {
    const one = async (label, options) => s.finished(label, await s.start(label, 'timeOuts', [options]));
    await Promise.all([
      one('start to close', { startToCloseTimeout: 500 }),
      one('heartbeat', { startToCloseTimeout: '20 s', heartbeatTimeout: 500 }),
      one('schedule to close', { scheduleToCloseTimeout: 1500 }),
      one('schedule to start', { startToCloseTimeout: '20 s', scheduleToStartTimeout: 500, taskQueue: s.id('nobody') }),
    ]);
  },

  async activity_cancel(s) {
    const one = async (label, type, queue) => {
      const handle = await s.start(label, 'cancelActivity', [type, queue]);
      await s.until(handle.workflowId, (got) =>
        got.pendingActivities.length === 1 && !got.pendingWorkflowTask && (queue || got.pendingActivities[0].lastHeartbeatTime));
      await handle.signal('stop');
      await s.finished(label, handle);
    };
    await Promise.all([
      one('try', 'TRY_CANCEL'),
      one('wait', 'WAIT_CANCELLATION_COMPLETED'),
      one('abandon', 'ABANDON'),
      one('not started', 'WAIT_CANCELLATION_COMPLETED', s.id('nobody')),
    ]);
  },

  async failures(s) {
    await s.finished('chain', await s.start('chain', 'fails', ['chain']));
    await s.finished('error', await s.start('error', 'fails', ['error']));
    await s.finished('stumbles', await s.start('stumbles', 'stumbles'));
  },

  async patches(s) {
    const handle = await s.start('patches', 'patches', [], {
      memo: { taken: 1, kept: true }, typedSearchAttributes: [{ key: { name: 'InteropKeyword', type: 'KEYWORD' }, value: 'first' }],
    });
    await s.finished('patches', handle);
    const described = await handle.describe();
    s.note('memo', described.memo);
    s.note('attributes', described.typedSearchAttributes.getAll().filter((each) => each.key.name.startsWith('Interop')).sort((a, b) => (a.key.name < b.key.name ? -1 : 1)));
  },

  async timers(s) {
    await s.finished('timers', await s.start('timers', 'timers'));
  },

  async stops(s) {
    const cancelled = await s.start('cancelled', 'cleansUp');
    await s.settled(cancelled.workflowId);
    await cancelled.cancel();
    await s.finished('cancelled', cancelled);
    const terminated = await s.start('terminated', 'waits');
    await s.settled(terminated.workflowId);
    await terminated.terminate('enough');
    await s.finished('terminated', terminated);
    await s.succeeds('terminate closed', terminated.terminate('again'));
    await s.finished('run timeout', await s.start('run timeout', 'waits', [], { workflowRunTimeout: 3000 }));
  },

  async children(s) {
    const simple = async (label, type, args, options) =>
      s.finished(label, await s.start(label, 'parent', [type, args, s.id(`${label} child`), options]));
    const talking = async () => {
      const child = s.id('talking child');
      const handle = await s.start('talking', 'parent', ['board', [], child, { stop: true }]);
      await s.until(handle.workflowId, (got) => got.pendingChildren.length === 1 && got.pendingChildren[0].runId && !got.pendingWorkflowTask);
      await s.settled(child);
      await handle.signal('stop');
      await s.attempt('talking', handle.result());
    };
    const left = async (policy) => {
      const child = s.id(`${policy} child`);
      await s.finished(policy, await s.start(policy, 'parent', ['waits', [], child, { leave: true, parentClosePolicy: policy }]));
      s.note(`${policy} child`, (policy === 'ABANDON' ? await s.settled(child) : await s.closed(child)).workflowExecutionInfo.status);
      if (policy === 'ABANDON') await s.client.workflow.getHandle(child).terminate();
    };
    await Promise.all([
      simple('completes', 'retries', [1]), simple('fails', 'fails', ['chain']), simple('continues', 'continues', [1]), talking(),
      left('ABANDON'), left('TERMINATE'), left('REQUEST_CANCEL'),
    ]);
  },

  async external(s) {
    const target = await s.start('target', 'board');
    await s.settled(target.workflowId);
    await s.finished('reaches', await s.start('reaches', 'reaches', [target.workflowId]));
    await s.attempt('target', target.result());
    await s.finished('nobody', await s.start('nobody', 'reaches', [s.id('missing')]));
  },

  async chains(s) {
    const continued = await s.start('continues', 'continues', [2]);
    await s.attempt('continued', continued.result());
    await s.chain('continues', continued.workflowId, continued.firstExecutionRunId);
    const retried = await s.start('retries', 'retries', [2], { retry: { initialInterval: 20, maximumAttempts: 3 } });
    await s.attempt('retried', retried.result());
    await s.chain('retries', retried.workflowId, retried.firstExecutionRunId);
  },

  async starts(s) {
    const first = await s.start('twice', 'board');
    await s.settled(first.workflowId);
    await s.attempt('again', s.start('twice', 'board'));
    const same = await s.start('twice', 'board', [], { workflowIdConflictPolicy: 'USE_EXISTING' });
    s.note('existing', same.firstExecutionRunId === first.firstExecutionRunId);
    await first.terminate();
    await s.attempt('reject', s.start('twice', 'board', [], { workflowIdReusePolicy: 'REJECT_DUPLICATE' }));
    await s.finished('eager', await s.start('delayed', 'retries', [1], { startDelay: 500 }));
    await s.attempt('nobody', s.client.workflow.getHandle(s.id('nobody')).describe());
    await s.attempt('unknown namespace', new Client({ connection: s.client.connection, namespace: 'no-such-namespace' }).workflow.start(
      'board', { workflowId: 'x', taskQueue: 'x', args: [] }));
  },

  async listing(s) {
    const attributes = (number) => ({ typedSearchAttributes: [
      { key: { name: 'InteropKeyword', type: 'KEYWORD' }, value: `${s.token} ts` }, { key: { name: 'InteropInt', type: 'INT' }, value: number }] });
    const handles = [];
    for (const number of [0, 1, 2]) {
      handles.push(await s.start(`item ${number}`, number === 2 ? 'waits' : 'board', [], attributes(number)));
      await s.settled(handles[number].workflowId);
    }
    await handles[0].signal('finish');
    await handles[0].result();
    const mine = `InteropKeyword = '${s.token} ts'`;
    for (;;) {
      const { count } = await s.client.workflow.count(`${mine} AND ExecutionStatus = 'Running'`);
      if (count === 2 && (await s.client.workflow.count(mine)).count === 3) break;
      await pause(50);
    }
    for (const query of [mine, `${mine} AND InteropInt > 0`, `${mine} AND WorkflowType IN ('waits', 'other')`]) {
      const ids = [];
      for await (const each of s.client.workflow.list({ query, pageSize: 2 })) ids.push([each.workflowId, each.status.name, each.type]);
      s.note(query, ids);
    }
    const grouped = await s.client.workflow.count(`${mine} GROUP BY ExecutionStatus`);
    s.note('grouped', grouped.groups.map((each) => [each.groupValues, each.count]).sort());
    await handles[1].terminate();
    await handles[2].terminate();
  },

  async worker_leaves(s) {
    const queue = s.id('queue');
    const begin = async () => {
      const worker = await Worker.create({ connection: s.native, workflowBundle: s.bundle, activities, taskQueue: queue });
      return [worker, worker.run()];
    };
    let [worker, running] = await begin();
    const handle = await s.start('board', 'board', [], { taskQueue: queue });
    await s.settled(handle.workflowId);
    worker.shutdown();
    await running;
    await handle.signal('add', 'between');
    [worker, running] = await begin();
    await s.attempt('count', handle.query('count'));
    await s.settled(handle.workflowId);
    await handle.signal('finish');
    await s.attempt('result', handle.result());
    worker.shutdown();
    await running;
  },
};

async function main(address, pattern) {
  // What the SDK and its core would log belongs neither to the document nor to the summary.
  const nothing = () => undefined;
  const logger = { log: nothing, trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };
  Runtime.install({ logger, telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }), forward: {} } } });
  const bundle = await bundleWorkflowCode({ workflowsPath: require.resolve('./workflows'), logger });
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  const client = new Client({ connection, identity: 'typescript-interop' });
  const token = crypto.randomBytes(6).toString('hex');
  const queue = `typescript-${token}`;
  const worker = await Worker.create({ connection: native, workflowBundle: bundle, activities, taskQueue: queue, identity: 'typescript-interop' });
  const running = worker.run();
  for (const name of Object.keys(scenarios)) {
    const run = scenarios[name];
    scenarios[name] = (s) => run(Object.assign(s, { native, bundle }));
  }
  const document = await runScenarios(client, token, queue, scenarios, pattern, 6);
  const text = Buffer.from(JSON.stringify(document, null, 1));
  for (let at = 0; at < text.length; ) at += fs.writeSync(1, text, at);
  worker.shutdown();
  await Promise.race([running, pause(5000)]);
  process.exit(0);
}

main(process.argv[2], process.argv[3] || '').catch((error) => {
  console.error(error);
  process.exit(1);
});
