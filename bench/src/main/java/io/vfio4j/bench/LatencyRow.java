// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import java.util.List;

/** The latencies of one arrangement, one per round, as a row of a table. */
final class LatencyRow {

  private final String name;
  private final Samples p50 = new Samples();
  private final Samples p99 = new Samples();

  LatencyRow(String name) {
    this.name = name;
  }

  void add(Latency latency) {
    p50.add(latency.p50());
    p99.add(latency.p99());
  }

  /** Returns the cells: name, p50, p99, and the ratios of both to a baseline. */
  List<String> cells(LatencyRow baseline) {
    return List.of(name, p50.describe(0), p99.describe(0), p50.dividedBy(baseline.p50).describe(2),
        p99.dividedBy(baseline.p99).describe(2));
  }
}
