// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.simulate;

/** The style sheet of charts, for light and dark backgrounds. Lines differ in more than colour. */
final class ChartStyle {

  /** Number of distinct line colours. */
  static final int COLOURS = 6;

  static final String CSS = """
      <style>
        text { font-family: system-ui, "DejaVu Sans", sans-serif; fill: #1f2328; }
        .title { font-size: 17px; font-weight: 600; }
        .note { font-size: 13px; }
        .tick { font-size: 12px; fill: #57606a; }
        .key { font-size: 14px; font-weight: 700; }
        .right { text-anchor: end; }
        .middle { text-anchor: middle; }
        .paper { fill: #ffffff; }
        .grid { stroke: #d8dee4; stroke-width: 1; }
        .axis { stroke: #57606a; stroke-width: 1.3; }
        .limit { stroke: #c0392b; stroke-width: 1.5; stroke-dasharray: 3 4; }
        .series { fill: none; stroke-linejoin: round; }
        .width0 { stroke-width: 1.6; }
        .width1 { stroke-width: 2.6; }
        .width2 { stroke-width: 4.4; }
        .width3 { stroke-width: 6.5; }
        .series.s0 { stroke: #9ec5f2; }
        .series.s1 { stroke: #e0a03a; stroke-dasharray: 12 4; }
        .series.s2 { stroke: #8431c9; stroke-dasharray: 6 4; }
        .series.s3 { stroke: #2d7a46; stroke-dasharray: 2 3; }
        .series.s4 { stroke: #a04100; stroke-dasharray: 14 3 3 3; }
        .series.s5 { stroke: #57606a; stroke-dasharray: 8 2 2 2 2 2; }
        .key.s0, .moved.s0 { fill: #0b62d6; }
        .key.s1, .moved.s1 { fill: #96600a; }
        .key.s2, .moved.s2 { fill: #8431c9; }
        .key.s3, .moved.s3 { fill: #2d7a46; }
        .key.s4, .moved.s4 { fill: #a04100; }
        .key.s5, .moved.s5 { fill: #57606a; }
        .stayed { fill: #ffffff; stroke: #c0392b; stroke-width: 2; }
        @media (prefers-color-scheme: dark) {
          text { fill: #e6edf3; }
          .tick { fill: #a3adb8; }
          .paper { fill: #0d1117; }
          .grid { stroke: #262c34; }
          .axis { stroke: #8b949e; }
          .limit { stroke: #f0776c; }
          .series.s0 { stroke: #2b5f9e; }
          .series.s1 { stroke: #d9a72b; }
          .series.s2 { stroke: #cfa3ff; }
          .series.s3 { stroke: #4fb172; }
          .series.s4 { stroke: #ffab70; }
          .series.s5 { stroke: #9aa4af; }
          .key.s0, .moved.s0 { fill: #6cb0ff; }
          .key.s1, .moved.s1 { fill: #d9a72b; }
          .key.s2, .moved.s2 { fill: #cfa3ff; }
          .key.s3, .moved.s3 { fill: #4fb172; }
          .key.s4, .moved.s4 { fill: #ffab70; }
          .key.s5, .moved.s5 { fill: #9aa4af; }
          .stayed { fill: #0d1117; stroke: #f0776c; }
        }
      </style>
      """;

  private ChartStyle() {
  }
}
