/**
 * How much a value grows with time: least squares, so that neither the first nor the last sample decides.
 * @param {readonly { atMin: number, value: number }[]} points @returns {number} a minute
 */
export function slopeOf(points) {
  if (points.length < 5) throw new Error(`${points.length} samples are too few for a slope: nothing was measured`);
  const meanAt = points.reduce((sum, { atMin }) => sum + atMin, 0) / points.length;
  const meanValue = points.reduce((sum, { value }) => sum + value, 0) / points.length;
  const over = points.reduce((sum, { atMin, value }) => sum + (atMin - meanAt) * (value - meanValue), 0);
  return over / points.reduce((sum, { atMin }) => sum + (atMin - meanAt) ** 2, 0);
}
