// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import java.time.Duration;

/**
 * Metrics in the text exposition format of Prometheus, version 0.0.4:
 *
 * <pre>
 * metric = "# HELP " NAME " " TEXT LF "# TYPE " NAME " " ( "counter" | "gauge" ) LF { sample }
 * sample = NAME [ "{" LABEL "=" QUOTED { "," LABEL "=" QUOTED } "}" ] " " VALUE LF
 * </pre>
 */
final class Exposition {

  private final StringBuilder text = new StringBuilder();
  private String name = "";

  /** Starts a counter. */
  Exposition counter(String metric, String help) {
    return begin(metric, help, "counter");
  }

  /** Starts a gauge. */
  Exposition gauge(String metric, String help) {
    return begin(metric, help, "gauge");
  }

  private Exposition begin(String metric, String help, String type) {
    name = metric;
    text.append("# HELP ").append(metric).append(' ').append(help.replace("\\", "\\\\").replace("\n", "\\n"))
        .append("\n# TYPE ").append(metric).append(' ').append(type).append('\n');
    return this;
  }

  /** Adds a sample of the current metric; labels alternate names and values. */
  Exposition value(long value, String... labels) {
    return sample(Long.toString(value), labels);
  }

  /** Adds a sample in seconds. */
  Exposition value(Duration value, String... labels) {
    return sample(Double.toString(value.toNanos() / 1e9), labels);
  }

  private Exposition sample(String value, String... labels) {
    text.append(name);
    for (int i = 0; i < labels.length; i += 2) {
      text.append(i == 0 ? '{' : ',').append(labels[i]).append("=\"").append(escaped(labels[i + 1]))
          .append('"');
    }
    text.append(labels.length == 0 ? " " : "} ").append(value).append('\n');
    return this;
  }

  private static String escaped(String value) {
    return value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
