// What the TypeScript scenarios have in common: notes, histories, waiting, the document.
'use strict';
const { temporal } = require('@temporalio/proto');

const CODES = ['OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND', 'ALREADY_EXISTS', 'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS', 'UNAUTHENTICATED'];
const RUNNING = 1;

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A chain of failures, or a gRPC error with its code and the types of its details. */
function describeError(error) {
  const chain = [];
  for (; error; error = error.cause) {
    const link = { class: error.name, message: error.message };
    if (typeof error.code === 'number') {
      link.code = CODES[error.code];
      const packed = error.metadata && error.metadata.get('grpc-status-details-bin')[0];
      link.details = packed ? detailTypes(packed) : [];
    }
    for (const key of ['type', 'nonRetryable', 'details', 'retryState', 'timeoutType', 'activityType', 'workflowType'])
      if (error[key] !== undefined && link[key] === undefined) link[key] = error[key];
    if (error.name === 'TypeError' && error.stack) link.stack = error.stack.split('\n')[1];
    chain.push(link);
  }
  return chain;
}

/** The names of the messages in a google.rpc.Status, read without its descriptor: only its strings matter here. */
function detailTypes(packed) {
  return [...packed.toString('latin1').matchAll(/type\.googleapis\.com\/([\w.]+)/g)].map((found) => found[1]);
}

class Scenario {
  constructor(name, token, client, queue) {
    Object.assign(this, { name, token, client, queue, outcome: {}, histories: {}, ended: false });
  }

  id(label) {
    return `${this.name}-${label}-${this.token}`;
  }

  note(label, value) {
    if (!this.ended) this.outcome[label] = value === undefined ? null : value;
  }

  /** Notes the result, or the failure. */
  async attempt(label, promise) {
    try {
      const value = await promise;
      this.note(label, value);
      return value;
    } catch (error) {
      this.note(label, describeError(error));
      return undefined;
    }
  }

  /** Notes only whether it went well. */
  async succeeds(label, promise) {
    await this.attempt(label, Promise.resolve(promise).then(() => 'ok'));
  }

  start(label, workflow, args = [], options = {}) {
    return this.client.workflow.start(workflow, { args, workflowId: this.id(label), taskQueue: this.queue, ...options });
  }

  describe(workflowId, runId = '') {
    return this.client.workflowService.describeWorkflowExecution({ namespace: 'default', execution: { workflowId, runId } });
  }

  async until(workflowId, condition) {
    for (;;) {
      if (this.ended) throw new Error('too late');
      const got = await this.describe(workflowId);
      if (condition(got)) return got;
      await pause(20);
    }
  }

  /** Waits till the workflow is closed or has no workflow task. */
  settled(workflowId) {
    return this.until(workflowId, (got) => got.workflowExecutionInfo.status !== RUNNING || !got.pendingWorkflowTask);
  }

  closed(workflowId) {
    return this.until(workflowId, (got) => got.workflowExecutionInfo.status !== RUNNING);
  }

  async history(label, workflowId, runId) {
    const history = await this.client.workflow.getHandle(workflowId, runId).fetchHistory();
    this.histories[label] = temporal.api.history.v1.History.toObject(history, { enums: String, longs: String, bytes: String });
    return history.events;
  }

  /** The histories of all runs that follow one another. */
  async chain(label, workflowId, runId) {
    for (let number = 1; number < 8 && runId; ++number) {
      const events = await this.history(`${label} run ${number}`, workflowId, runId);
      const last = events[events.length - 1];
      const attributes = Object.values(last).find((each) => each && typeof each === 'object' && 'newExecutionRunId' in each);
      runId = attributes && attributes.newExecutionRunId;
    }
  }

  async finished(label, handle) {
    await this.attempt(label, handle.result());
    await this.history(label, handle.workflowId);
  }
}

/** Runs all scenarios that match, so many at a time, each with a time limit of its own. */
async function runScenarios(client, token, queue, scenarios, pattern, places) {
  const limit = 1000 * parseFloat(process.env.RONDO_SCENARIO_TIMEOUT || '15');
  const waiting = Object.entries(scenarios).filter(([name]) => new RegExp(pattern).test(name));
  const reports = {};
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [name, run] = next;
      const scenario = new Scenario(name, token, client, queue);
      const since = Date.now();
      const running = Promise.resolve(run(scenario)).then(
        () => 'ok',
        (error) => `failed: ${error.message}\n${error.stack}`
      );
      const status = await Promise.race([running, pause(limit).then(() => 'failed: timed out')]);
      scenario.ended = true;
      reports[name] = { status, outcome: { ...scenario.outcome }, histories: { ...scenario.histories } };
      process.stderr.write(`${name.padEnd(28)} ${((Date.now() - since) / 1000).toFixed(2).padStart(6)} s  ${status}\n`);
    }
  };
  await Promise.all(Array.from({ length: places }, work));
  return { program: 'typescript', token, scenarios: reports };
}

module.exports = { runScenarios, pause };
