// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import com.google.gson.JsonObject;
import io.vfio4j.model.SanitizedText;
import java.io.PrintWriter;

/**
 * Where a command writes: results for people and JSON to the standard output, all else to the standard error. What could
 * steer a terminal is replaced, or escaped in JSON: paths and the words of others are in nearly every line.
 */
public final class Output {

  private final PrintWriter out;
  private final PrintWriter err;
  private final boolean json;
  private final boolean quiet;

  /**
   * Makes one.
   *
   * @param out takes results and JSON
   * @param err takes all else
   * @param json whether events are to be JSON
   * @param quiet whether only errors, or the result as JSON, are to be told
   */
  public Output(PrintWriter out, PrintWriter err, boolean json, boolean quiet) {
    this.out = out;
    this.err = err;
    this.json = json;
    this.quiet = quiet;
  }

  /** Tells whether events are to be JSON. */
  public boolean isJson() {
    return json;
  }

  /** Tells whether only errors, or the result as JSON, are to be told. */
  public boolean isQuiet() {
    return quiet;
  }

  /** Writes an event as JSON, if JSON is asked for; not if the command is to be quiet. */
  public void event(JsonObject event) {
    if (!quiet) {
      result(event);
    }
  }

  /** Writes a result as JSON, if JSON is asked for. */
  public void result(JsonObject result) {
    if (json) {
      write(out, escaped(result.toString()));
    }
  }

  /** Writes a line for people, unless they are to be left alone. */
  public void line(String text) {
    if (!json && !quiet) {
      write(out, text);
    }
  }

  /** Writes a line about what goes on to the standard error, unless the command is to be quiet. */
  public void info(String text) {
    if (!json && !quiet) {
      write(err, text);
    }
  }

  /** Writes a line to the standard error, whatever was asked for. */
  public void warning(String text) {
    write(err, text);
  }

  /** Returns the standard error, for what is redrawn in place. */
  public PrintWriter err() {
    return err;
  }

  /** Outside of its strings JSON has no such character, and within them an escape stands for the same. */
  private static String escaped(String jsonText) {
    if (jsonText.codePoints().allMatch(SanitizedText::isSafe)) {
      return jsonText;
    }
    StringBuilder escaped = new StringBuilder();
    jsonText.codePoints().forEach(c -> {
      if (SanitizedText.isSafe(c)) {
        escaped.appendCodePoint(c);
      } else {
        for (char unit : Character.toChars(c)) {
          escaped.append("\\u%04x".formatted((int) unit));
        }
      }
    });
    return escaped.toString();
  }

  /** One call, so that lines of several threads do not mix; flushed, since somebody may wait for it. */
  private static void write(PrintWriter to, String text) {
    to.print(SanitizedText.ofLines(text) + "\n");
    to.flush();
  }
}
