// The activities of the TypeScript scenarios.
'use strict';
const { Context, ApplicationFailure, sleep } = require('@temporalio/activity');

exports.shout = async (text) => text.toUpperCase();

exports.refuse = async (type) => {
  throw ApplicationFailure.create({ message: `${type} failure`, type, nonRetryable: type === 'Final', details: ['detail'] });
};

exports.flaky = async (until) => {
  const { attempt } = Context.current().info;
  if (attempt < until) throw ApplicationFailure.create({ message: `attempt ${attempt}`, type: 'Early' });
  return attempt;
};

exports.beatUntilCancelled = async () => {
  for (;;) {
    Context.current().heartbeat('alive');
    await sleep(50);
  }
};

exports.hang = async () => {
  await sleep('1 minute');
};
