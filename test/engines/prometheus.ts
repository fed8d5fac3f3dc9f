import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { EngineProgram } from './engine.ts';

export interface PrometheusPlan {
  /** `127.0.0.1:3000` and so on, each with the name of its job. */
  readonly targets: Readonly<Record<string, string>>;
  readonly ruleFiles?: readonly string[];
  /** Sent with each scrape. */
  readonly token?: string;
}

/** Scrapes every second, and keeps exemplars. */
export function prometheus({ targets, ruleFiles = [], token }: PrometheusPlan): EngineProgram {
  return {
    name: 'Prometheus',
    binary: 'prometheus',
    debianPackage: 'prometheus',
    prepare(_binary, folder) {
      const authorization = token === undefined ? {} : { authorization: { credentials: token } };
      const scrapeConfigs = Object.entries(targets).map(([job, target]) => ({
        job_name: job,
        ...authorization,
        static_configs: [{ targets: [target] }],
      }));
      const config = {
        global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
        rule_files: ruleFiles,
        scrape_configs: scrapeConfigs,
      };
      // JSON is YAML.
      writeFileSync(path.join(folder, 'prometheus.yml'), JSON.stringify(config));
    },
    args: ({ port, folder }) => [
      `--config.file=${path.join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${path.join(folder, 'tsdb')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--enable-feature=exemplar-storage',
    ],
    probe: async (port) => {
      const { ok, status } = await fetch(`http://127.0.0.1:${port}/-/ready`);
      if (!ok) throw new Error(String(status));
    },
  };
}

export const PROMETHEUS: EngineProgram = prometheus({ targets: {} });
/** Comes with it, and checks its rules. */
export const PROMTOOL: EngineProgram = { ...PROMETHEUS, binary: 'promtool' };
