/**
 * The CPU time that this process has used, in milliseconds. Tests measure work with it, because other clocks depend on
 * the machine's load.
 */
export function cpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
