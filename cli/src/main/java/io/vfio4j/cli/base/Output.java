// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.base;

import com.google.gson.JsonObject;
import io.vfio4j.model.SanitizedText;
import java.io.PrintWriter;

/**
 * Output of a command: results and JSON go to standard output, everything else to standard error. Characters that could
 * control a terminal are replaced, or escaped in JSON, since most lines contain paths and messages of peers.
 */
public final class Output {

  /** What a diagnostic on standard error begins with. */
  public static final String PREFIX = "vfio4j: ";

  private final PrintWriter out;
  private final PrintWriter err;
  private final boolean json;
  private final boolean quiet;

  /**
   * Creates an output.
   *
   * @param out receives results and JSON
   * @param err receives everything else
   * @param json whether events are printed as JSON
   * @param quiet whether only errors are printed, and the result if it is JSON
   */
  public Output(PrintWriter out, PrintWriter err, boolean json, boolean quiet) {
    this.out = out;
    this.err = err;
    this.json = json;
    this.quiet = quiet;
  }

  /** Returns whether events are printed as JSON. */
  public boolean isJson() {
    return json;
  }

  /** Returns whether only errors are printed, and the result if it is JSON. */
  public boolean isQuiet() {
    return quiet;
  }

  /** Prints an event with {@code --json}, unless {@code --quiet} is given. */
  public void event(JsonObject event) {
    if (!quiet) {
      result(event);
    }
  }

  /** Prints a result with {@code --json}. */
  public void result(JsonObject result) {
    if (json) {
      write(out, escaped(result.toString()));
    }
  }

  /** Prints a line of text to standard output, unless {@code --json} or {@code --quiet} is given. */
  public void line(String text) {
    if (!json && !quiet) {
      write(out, text);
    }
  }

  /** Prints a line of progress to standard error, unless {@code --json} or {@code --quiet} is given. */
  public void info(String text) {
    if (!json && !quiet) {
      write(err, text);
    }
  }

  /** Prints a diagnostic to standard error, after {@link #PREFIX}. */
  public void warning(String text) {
    log(PREFIX + text);
  }

  /** Prints a line to standard error as it is: the line of a log, a stack trace, or the continuation of a diagnostic. */
  public void log(String line) {
    write(err, line);
  }

  /** Returns standard error, for a line that is redrawn in place. */
  public PrintWriter err() {
    return err;
  }

  /** Such characters occur in JSON only within strings, where an escape sequence is equivalent. */
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

  /** Prints with one call, so that lines of several threads do not mix, and flushes for a reader that waits. */
  private static void write(PrintWriter to, String text) {
    to.print(SanitizedText.ofLines(text) + "\n");
    to.flush();
  }
}
