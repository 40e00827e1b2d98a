/** Lines through points as SVG path data, after the names that charts know. A gap in the values is a gap in the line. */

/** @param {Array<[number, number]|undefined>} points */
export function pathOf(points, curve) {
  return runsOf(points)
    .map((run) => `M${at(run[0])}${segments(run, curve)}`)
    .join('');
}

/** The ground between two lines with the same gaps. */
export function areaOf(tops, bottoms, curve) {
  const lower = runsOf(tops.map((top, index) => top && bottoms[index])); // the same gaps on both sides
  return runsOf(tops)
    .map((run, index) => {
      const back = [...lower[index]].reverse();
      return `M${at(run[0])}${segments(run, curve)}L${at(back[0])}${segments(back, flipped(curve))}Z`;
    })
    .join('');
}

function runsOf(points) {
  const runs = [];
  let open = false;
  for (const point of points) {
    if (point && open) runs.at(-1).push(point);
    else if (point) runs.push([point]);
    open = Boolean(point);
  }
  return runs;
}

function segments(run, curve) {
  if (run.length < 2) return 'h0';
  if (/^linear/.test(curve))
    return run
      .slice(1)
      .map((point) => `L${at(point)}`)
      .join('');
  if (/^step/.test(curve)) return steps(run, { stepBefore: 0, stepAfter: 1 }[curve] ?? 0.5);
  if (/^bump/.test(curve)) return bumps(run);
  if (/^basis/.test(curve)) return spline(run, catmull(run), 1);
  return spline(run, curve === 'natural' ? catmull(run) : monotone(run), 1);
}

function flipped(curve) {
  return { stepBefore: 'stepAfter', stepAfter: 'stepBefore' }[curve] ?? curve;
}

function steps(run, share) {
  return run
    .slice(1)
    .map(([x, y], before) => {
      const [from] = run[before];
      return `H${round(from + (x - from) * share)}V${round(y)}H${round(x)}`;
    })
    .join('');
}

function bumps(run) {
  return run
    .slice(1)
    .map(([x, y], before) => {
      const [x0, y0] = run[before];
      const middle = round((x0 + x) / 2);
      return `C${middle} ${round(y0)} ${middle} ${round(y)} ${at([x, y])}`;
    })
    .join('');
}

/** Cubic pieces with the given slope at each point. */
function spline(run, slopes) {
  return run
    .slice(1)
    .map(([x, y], before) => {
      const [x0, y0] = run[before];
      const third = (x - x0) / 3;
      return `C${at([x0 + third, y0 + slopes[before] * third])} ${at([x - third, y - slopes[before + 1] * third])} ${at([x, y])}`;
    })
    .join('');
}

function catmull(run) {
  return run.map((point, index) => {
    const before = run[index - 1] ?? point;
    const after = run[index + 1] ?? point;
    return after[0] === before[0] ? 0 : (after[1] - before[1]) / (after[0] - before[0]);
  });
}

/** Slopes that never lead past a value: Fritsch and Carlson's, with the harmonic mean. */
function monotone(run) {
  const rises = run.slice(1).map(([x, y], before) => (y - run[before][1]) / (x - run[before][0] || 1));
  return run.map((_, index) => {
    const left = rises[index - 1];
    const right = rises[index];
    if (left === undefined) return right;
    if (right === undefined) return left;
    return left * right <= 0 ? 0 : (2 * left * right) / (left + right);
  });
}

function at([x, y]) {
  return `${round(x)} ${round(y)}`;
}

function round(value) {
  return Math.round(value * 100) / 100;
}
