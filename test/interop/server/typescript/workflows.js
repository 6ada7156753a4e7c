// The workflows of the TypeScript scenarios.
'use strict';
const wf = require('@temporalio/workflow');

const quick = wf.proxyActivities({ startToCloseTimeout: '10 s', retry: { initialInterval: 40, maximumAttempts: 3 } });
const local = wf.proxyLocalActivities({ startToCloseTimeout: '10 s', retry: { initialInterval: 10, maximumAttempts: 2 } });

exports.board = async function board() {
  const entries = [];
  let finished = false;
  wf.setHandler(wf.defineSignal('add'), (entry) => void entries.push(entry));
  wf.setHandler(wf.defineSignal('finish'), () => {
    finished = true;
  });
  wf.setHandler(wf.defineQuery('count'), () => entries.length);
  wf.setHandler(wf.defineQuery('broken'), () => {
    throw new Error('broken query');
  });
  wf.setHandler(
    wf.defineUpdate('put'),
    async (entry) => {
      if (entry === 'fail') throw wf.ApplicationFailure.create({ message: 'update fails', type: 'Refused' });
      if (entry === 'work') entry = await quick.shout(entry);
      entries.push(entry);
      return entries.length;
    },
    {
      validator: (entry) => {
        if (!entry) throw new Error('an entry must not be empty');
      },
    }
  );
  await wf.condition(() => finished && wf.allHandlersFinished());
  return entries;
};

exports.useActivities = async function useActivities() {
  const result = [await quick.shout('a'), await quick.flaky(2)];
  try {
    await quick.refuse('Final');
  } catch (error) {
    result.push(`${error.name}: ${error.cause.type}: ${error.cause.message}`);
  }
  return result;
};

exports.useLocal = async function useLocal() {
  const result = [await local.shout('local')];
  try {
    await local.refuse('Plain');
  } catch (error) {
    result.push(`${error.name}: ${error.message}`);
  }
  return result;
};

exports.cancelActivity = async function cancelActivity(cancellationType, queue) {
  const options = { startToCloseTimeout: '20 s', heartbeatTimeout: '1 s', cancellationType, retry: { maximumAttempts: 1 } };
  if (queue) options.taskQueue = queue;
  const { beatUntilCancelled } = wf.proxyActivities(options);
  const stop = new wf.Trigger();
  wf.setHandler(wf.defineSignal('stop'), () => stop.resolve());
  const scope = new wf.CancellationScope();
  const running = scope.run(() => beatUntilCancelled());
  running.catch(() => undefined);
  await stop;
  scope.cancel();
  try {
    return `ended: ${await running}`;
  } catch (error) {
    return `${error.name}: ${error.cause && error.cause.name}`;
  }
};

exports.timeOuts = async function timeOuts(options) {
  await wf.proxyActivities({ ...options, retry: { maximumAttempts: 1 } }).hang();
};

exports.fails = async function fails(kind) {
  if (kind === 'error') throw wf.ApplicationFailure.fromError(new TypeError('no function'));
  throw wf.ApplicationFailure.create({ message: kind, type: 'Chain', details: [1, { two: 2 }], cause: new Error('the cause'), nonRetryable: true });
};

exports.stumbles = async function stumbles() {
  if (wf.workflowInfo().unsafe.isReplaying === false && wf.workflowInfo().historyLength < 4) throw new Error('a bug');
  return 'mended';
};

exports.patches = async function patches() {
  const seen = [wf.patched('change')];
  wf.deprecatePatch('older change');
  await wf.sleep(10);
  seen.push(wf.patched('change'));
  wf.upsertSearchAttributes([
    { key: { name: 'InteropKeyword', type: 'KEYWORD' }, value: 'changed' },
    { key: { name: 'InteropBool', type: 'BOOL' }, value: true },
  ]);
  wf.upsertMemo({ added: 'x', taken: null });
  return seen;
};

exports.timers = async function timers() {
  const result = [await wf.condition(() => false, 20)];
  try {
    await wf.CancellationScope.withTimeout(30, () => wf.sleep('1 hour'));
  } catch (error) {
    result.push(wf.isCancellation(error));
  }
  await wf.CancellationScope.nonCancellable(() => wf.sleep(10));
  return result;
};

exports.cleansUp = async function cleansUp() {
  try {
    await wf.sleep('1 hour');
  } catch (error) {
    await wf.CancellationScope.nonCancellable(() => quick.shout('tidy'));
    throw error;
  }
};

exports.parent = async function parent(workflowType, args, workflowId, options) {
  const child = await wf.startChild(workflowType, { args, workflowId, ...options });
  if (options && options.leave) return 'left';
  if (options && options.stop) {
    const stop = new wf.Trigger();
    wf.setHandler(wf.defineSignal('stop'), () => stop.resolve());
    await stop;
    await child.signal('add', 'from the parent');
    await child.signal('finish');
  }
  return await child.result();
};

exports.reaches = async function reaches(workflowId) {
  const handle = wf.getExternalWorkflowHandle(workflowId);
  const report = [];
  for (const action of [() => handle.signal('add', 'outside'), () => handle.cancel()]) {
    try {
      await action();
      report.push('ok');
    } catch (error) {
      report.push(`${error.name}: ${error.message}`);
    }
  }
  return report;
};

exports.continues = async function continues(left) {
  if (left > 0) await wf.continueAsNew(left - 1);
  return 'at the end';
};

exports.retries = async function retries(until) {
  const { attempt } = wf.workflowInfo();
  if (attempt < until) throw wf.ApplicationFailure.create({ message: `attempt ${attempt}`, type: 'TooEarly' });
  return attempt;
};

exports.waits = async function waits() {
  await wf.condition(() => false);
};
