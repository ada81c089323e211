/** What was measured of rows, how they compare, and what was to be reached. */

import type { Metric, Target } from "./cases.ts";
import type { RowResult } from "./lane.ts";
import { median } from "./measure.ts";

/** A ratio of medians, and the least and greatest run by run. */
export interface Ratio {
  /** Of the medians. */
  value: number;
  /** Of the runs side by side, the least. */
  least: number;
  /** And the greatest. */
  greatest: number;
}

/** What was aimed at and what came of it. */
export interface Reached extends Target, Partial<Ratio> {
  /** Whether it is small enough; undefined where a row is missing. */
  ok?: boolean;
}

function values(row: RowResult, metric: Metric): number[] {
  return row.samples.map((sample) => sample[metric])
    .filter((value) => value !== undefined);
}

/** The median of one figure of a row, or undefined where it has none. */
export function figure(row: RowResult, metric: Metric): number | undefined {
  const all = values(row, metric);
  return all.length > 0 ? median(all) : undefined;
}

/** How one row's figure compares with another's, or with a number. */
export function ratio(
  row: RowResult,
  over: RowResult | number,
  metric: Metric,
): Ratio | undefined {
  const dividends = values(row, metric);
  const divisors = typeof over === "number" ? [over] : values(over, metric);
  const value = median(dividends) / median(divisors);
  if (!Number.isFinite(value)) return undefined;
  // Runs of one round are a pair. Those that have no partner are left out.
  const pairs = typeof over === "number"
    ? dividends.map((dividend) => dividend / over)
    : divisors.slice(0, dividends.length)
      .map((divisor, index) => dividends[index]! / divisor);
  return {
    value,
    least: Math.min(value, ...pairs),
    greatest: Math.max(value, ...pairs),
  };
}

/** Compares the targets of a case with its results. */
export function compare(targets: Target[], rows: RowResult[]): Reached[] {
  const measured = (name: string) =>
    rows.filter((row) => row.name === name && row.samples.length > 0);
  return targets.map((target) => {
    const { metric, over, most } = target;
    const [row] = measured(target.row);
    const divisor = typeof over === "number"
      ? over
      // The best of several is the one to be compared with.
      : [over].flat().flatMap(measured).toSorted((a, b) =>
        (figure(a, metric) ?? NaN) - (figure(b, metric) ?? NaN)
      )[0];
    const found = row && divisor && ratio(row, divisor, metric);
    return found ? { ...target, ...found, ok: found.value <= most } : target;
  });
}
