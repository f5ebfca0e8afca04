/**
 * The milliseconds of CPU that this process has used. Tests measure work by it: other clocks depend on the machine's
 * load.
 */
export function cpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
