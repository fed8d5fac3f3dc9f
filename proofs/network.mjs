// A network of its own for the processes of a proof: a namespace for each, two switches in another, a cable between those. Nothing of
// it touches the addresses, routes and filters of the machine, and it is gone with its namespaces. Takes root, and `ip` of iproute2.
import { spawnSync } from 'node:child_process';

/**
 * @typedef {object} Host
 * @property {string} address
 * @property {readonly [string, ...string[]]} command what stands before a program to run it there
 */

const PREFIX = 'express-micro-proof';
/** Of every namespace that a proof made, with the process that made it. */
const OWN_NAME = new RegExp(`^${PREFIX}-(\\d+)-`);

/** @param {string} program @param {readonly string[]} args @param {string} [input] */
function run(program, args, input) {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    encoding: 'utf8',
    ...(input === undefined ? {} : { input }),
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr.trim().split('\n')[0] ?? `ended with ${status}`}`);
  return stdout;
}

/** Why there can be no such network here, with how to have it; `undefined` where there can. */
export function whyNoNetwork() {
  if (process.platform !== 'linux') return `network namespaces are of Linux, and this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'takes root: sudo npm run proof:fleet';
  try {
    removeLeftovers();
    const name = `${PREFIX}-${process.pid}-probe`;
    run('ip', ['netns', 'add', name]);
    try {
      run('ip', ['-n', name, 'link', 'add', 'probe0', 'type', 'veth', 'peer', 'name', 'probe1']);
      run('ip', ['-n', name, 'link', 'add', 'probe2', 'type', 'bridge']);
    } finally {
      run('ip', ['netns', 'del', name]);
    }
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code === 'ENOENT') return 'takes "ip": apt-get install iproute2';
    return `network namespaces are not allowed here (in a container: --privileged): ${message}`;
  }
  return undefined;
}

/** What proofs that were killed have left. */
function removeLeftovers() {
  for (const line of run('ip', ['netns', 'list']).split('\n')) {
    const [name = ''] = line.split(' ');
    const pid = OWN_NAME.exec(name)?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) run('ip', ['netns', 'del', name]);
  }
}

/** @param {number} pid */
function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}

/** Hosts on two switches, the first half on the one and the second half on the other. @param {number} size */
export function createNetwork(size) {
  const nameOf = (/** @type {string | number} */ part) => `${PREFIX}-${process.pid}-${part}`;
  const hub = nameOf('hub');
  const hosts = Array.from({ length: size }, (_, index) => ({ name: nameOf(index), address: `10.77.0.${index + 1}` }));
  /** @type {string[]} */
  const made = [];
  const close = () => {
    for (const name of made.splice(0)) spawnSync('ip', ['netns', 'del', name]);
    process.off('exit', close);
    for (const signal of SIGNALS) process.off(signal, stop);
  };
  // Ctrl-C ends a process without the event 'exit', unless somebody listens.
  process.once('exit', close);
  for (const signal of SIGNALS) process.once(signal, stop);

  try {
    for (const name of [hub, ...hosts.map((host) => host.name)]) {
      run('ip', ['netns', 'add', name]);
      made.push(name);
    }
    const switches = ['one', 'two'];
    const plugged = hosts.flatMap(({ name }, index) => [
      `link add port${index} type veth peer name eth0 netns ${name}`,
      `link set port${index} master ${switches[index < size / 2 ? 0 : 1]}`,
      `link set port${index} up`,
    ]);
    const cabled = switches.flatMap((name, index) => [`link set cable${index} master ${name}`, `link set ${name} up`]);
    const lines = [
      ...switches.map((name) => `link add ${name} type bridge`),
      'link add cable0 type veth peer name cable1',
      ...cabled,
      'link set cable0 up',
      'link set cable1 up',
      ...plugged,
    ];
    run('ip', ['-n', hub, '-batch', '-'], `${lines.join('\n')}\n`);
    for (const { name, address } of hosts) {
      run('ip', ['-n', name, '-batch', '-'], `addr add ${address}/24 dev eth0\nlink set eth0 up\nlink set lo up\n`);
    }
  } catch (error) {
    close();
    throw error;
  }

  return {
    close,
    /** @type {readonly Host[]} */
    hosts: hosts.map(({ name, address }) => ({ address, command: ['ip', 'netns', 'exec', name] })),
    /** Nothing passes between the halves any more, and nobody is told. */
    cut: () => void run('ip', ['-n', hub, 'link', 'set', 'cable0', 'down']),
    heal: () => void run('ip', ['-n', hub, 'link', 'set', 'cable0', 'up']),
    /**
     * Each host loses so many of the packets that come to it.
     * @param {number} percent @returns {string | undefined} by what, or nothing where neither way exists
     */
    lose(percent) {
      const netem = `qdisc add dev eth0 root netem loss ${percent}%\n`;
      const nft = `table inet loss { chain input { type filter hook input priority 0; iifname "eth0" numgen random mod 100 < ${percent} drop; }; }\n`;
      for (const [by, program, before, after, input] of /** @type {const} */ ([
        ['tc netem', 'tc', ['-n'], ['-batch', '-'], netem],
        ['nft numgen', 'ip', ['netns', 'exec'], ['nft', '-f', '-'], nft],
      ])) {
        const results = [];
        for (const { name } of hosts) {
          results.push(spawnSync(program, [...before, name, ...after], { input }).status === 0);
          if (results[0] === false) break;
        }
        if (results.every(Boolean)) return by;
      }
      return undefined;
    },
    loseNothing() {
      for (const { name } of hosts) {
        spawnSync('tc', ['-n', name, 'qdisc', 'del', 'dev', 'eth0', 'root']);
        spawnSync('ip', ['netns', 'exec', name, 'nft', 'flush', 'ruleset']);
      }
    },
  };
}

const SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

function stop() {
  process.exit(130);
}
