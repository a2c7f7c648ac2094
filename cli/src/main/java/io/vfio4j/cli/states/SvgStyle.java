// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.states;

/** The style sheet of diagrams, for light and dark backgrounds. Lines differ in more than colour. */
final class SvgStyle {

  static final String CSS = """
      <style>
        text { font-family: system-ui, "DejaVu Sans", sans-serif; fill: #1f2328; }
        .title { font-size: 17px; font-weight: 600; }
        .name { font-size: 16px; font-weight: 600; text-anchor: middle; }
        .brief { font-size: 12px; text-anchor: middle; fill: #57606a; }
        .note { font-size: 13px; }
        .saving-name { font-size: 13px; text-anchor: end; fill: #8a6100; }
        .paper { fill: #ffffff; }
        .box { stroke-width: 1.3; }
        .initial { stroke-width: 3.2; }
        .running { fill: #e6f4ea; stroke: #2d7a46; }
        .still { fill: #eef1f5; stroke: #57606a; }
        .error { fill: #fde8e6; stroke: #c0392b; }
        .saving { fill: #fff7e0; stroke: #b08800; stroke-width: 1.3; stroke-dasharray: 7 5; }
        .arc { fill: none; stroke: #1f2328; stroke-width: 1.7; }
        .head, .opens { fill: #1f2328; stroke: none; }
        .ends { fill: #ffffff; stroke: #1f2328; stroke-width: 1.5; }
        .arc.p2p, .arc.ndma, .ends.p2p, .ends.ndma { stroke: #0b62d6; }
        .head.p2p, .head.ndma, .opens.p2p, .opens.ndma { fill: #0b62d6; }
        .arc.pre-copy, .arc.pre-copy-without-p2p, .ends.pre-copy { stroke: #a04100; }
        .head.pre-copy, .head.pre-copy-without-p2p, .opens.pre-copy { fill: #a04100; }
        .arc.p2p-and-pre-copy, .ends.p2p-and-pre-copy { stroke: #8431c9; }
        .head.p2p-and-pre-copy, .opens.p2p-and-pre-copy { fill: #8431c9; }
        .arc.abort, .ends.abort { stroke: #a04100; }
        .head.abort, .opens.abort { fill: #a04100; }
        .arc.optional, .ends.optional { stroke: #6b7480; stroke-width: 1.3; }
        .head.optional, .opens.optional { fill: #6b7480; }
        .arc.p2p, .arc.ndma { stroke-dasharray: 9 4; }
        .arc.pre-copy, .arc.optional { stroke-dasharray: 4 3; }
        .arc.without-p2p { stroke-dasharray: 18 3; }
        .arc.pre-copy-without-p2p { stroke-dasharray: 12 3 4 3; }
        .arc.p2p-and-pre-copy, .arc.abort { stroke-dasharray: 11 3 3 3; }
        .arc.reset { stroke: #c0392b; stroke-dasharray: 1.5 4; stroke-width: 2; }
        .head.reset { fill: #c0392b; }
        @media (prefers-color-scheme: dark) {
          text { fill: #e6edf3; }
          .brief { fill: #a3adb8; }
          .saving-name { fill: #d9a72b; }
          .paper { fill: #0d1117; }
          .running { fill: #12301d; stroke: #4fb172; }
          .still { fill: #21262d; stroke: #8b949e; }
          .error { fill: #3d1513; stroke: #f0776c; }
          .saving { fill: #201a0a; stroke: #b08800; }
          .arc { stroke: #e6edf3; }
          .head, .opens { fill: #e6edf3; }
          .ends { fill: #0d1117; stroke: #e6edf3; }
          .arc.p2p, .arc.ndma, .ends.p2p, .ends.ndma { stroke: #6cb0ff; }
          .head.p2p, .head.ndma, .opens.p2p, .opens.ndma { fill: #6cb0ff; }
          .arc.pre-copy, .arc.pre-copy-without-p2p, .ends.pre-copy { stroke: #ffab70; }
          .head.pre-copy, .head.pre-copy-without-p2p, .opens.pre-copy { fill: #ffab70; }
          .arc.p2p-and-pre-copy, .ends.p2p-and-pre-copy { stroke: #cfa3ff; }
          .head.p2p-and-pre-copy, .opens.p2p-and-pre-copy { fill: #cfa3ff; }
          .arc.abort, .ends.abort { stroke: #ffab70; }
          .head.abort, .opens.abort { fill: #ffab70; }
          .arc.optional, .ends.optional { stroke: #9aa4af; }
          .head.optional, .opens.optional { fill: #9aa4af; }
          .arc.reset { stroke: #f0776c; }
          .head.reset { fill: #f0776c; }
        }
      </style>
      """;

  private SvgStyle() {
  }
}
