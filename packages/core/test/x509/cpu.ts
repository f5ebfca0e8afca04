/** Milliseconds of CPU that this process has used: work is measured so, since a busy machine stretches every other clock. */
export function cpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
