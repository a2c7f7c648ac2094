// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.simulate;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.engine.simulation.RoundTrace;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringReader;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads the rounds of a migration from the output of {@code vfio4j migrate --json}. Other lines are ignored; a round must be
 * complete. Of several migrations, the last one is used.
 */
final class TraceReader {

  /** Far longer than the line of any event. */
  private static final int MAX_LINE = 1 << 16;

  private static final int MAX_ROUNDS = 100_000;
  private static final BigDecimal MAX_VALUE = BigDecimal.valueOf(1L << 60);
  private static final BigDecimal NANOS_PER_MILLI = BigDecimal.valueOf(1_000_000);

  private final Path file;
  private final List<RoundTrace.Round> rounds = new ArrayList<>();
  private int line;

  private TraceReader(Path file) {
    this.file = file;
  }

  /**
   * Reads a file.
   *
   * @throws CommandException if the file has no rounds, or an invalid one; the message names the line
   */
  static RoundTrace read(Path file) throws IOException {
    return new TraceReader(file).read();
  }

  private RoundTrace read() throws IOException {
    try (BufferedReader reader = Files.newBufferedReader(file, StandardCharsets.ISO_8859_1)) {
      for (String text = next(reader); text != null; text = next(reader)) {
        line++;
        JsonObject event = event(text);
        if (event != null) {
          add(round(event));
        }
      }
    }
    try {
      return new RoundTrace(rounds);
    } catch (IllegalArgumentException e) {
      throw new CommandException(ExitCodes.FAILURE,
          "%s: %s; expected the output of a migration with --json".formatted(file, e.getMessage()), e);
    }
  }

  /** Returns the next line without its terminator, null after the last one; long lines are truncated. */
  private static @Nullable String next(BufferedReader reader) throws IOException {
    StringBuilder text = new StringBuilder();
    int read = reader.read();
    if (read < 0) {
      return null;
    }
    for (; read >= 0 && read != '\n'; read = reader.read()) {
      if (text.length() < MAX_LINE) {
        text.append((char) read);
      }
    }
    return text.toString();
  }

  /** Returns the object in a line if it is a {@code round} event, null otherwise. */
  private static @Nullable JsonObject event(String text) {
    try (JsonReader reader = new JsonReader(new StringReader(text))) {
      reader.setStrictness(Strictness.STRICT);
      if (JsonParser.parseReader(reader) instanceof JsonObject object) {
        JsonElement name = object.get("event");
        return name != null && name.isJsonPrimitive() && name.getAsString().equals("round") ? object : null;
      }
      return null;
    } catch (JsonParseException | IOException e) {
      return null; // Not JSON: the output of another program.
    }
  }

  private void add(RoundTrace.Round round) throws CommandException {
    if (round.number() == 1) {
      rounds.clear(); // Another attempt, or another migration.
    }
    if (rounds.size() == MAX_ROUNDS) {
      throw invalid("more than %d rounds".formatted(MAX_ROUNDS), null);
    }
    rounds.add(round);
  }

  private RoundTrace.Round round(JsonObject event) throws CommandException {
    try {
      return new RoundTrace.Round(whole(event, "round").intValueExact(), time(event, "at_ms"),
          time(event, "took_ms"), bytes(event, "device_bytes"), bytes(event, "memory_bytes"),
          bytes(event, "device_left"), bytes(event, "memory_left"), bytes(event, "bytes_per_second"),
          time(event, "predicted_downtime_ms"));
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw invalid(String.valueOf(e.getMessage()), e);
    }
  }

  private CommandException invalid(String what, @Nullable Throwable cause) {
    return new CommandException(ExitCodes.FAILURE, "%s, line %d: %s".formatted(file, line, what), cause);
  }

  private static long bytes(JsonObject event, String name) {
    return whole(event, name).longValueExact();
  }

  private static Duration time(JsonObject event, String name) {
    return Duration.ofNanos(number(event, name).multiply(NANOS_PER_MILLI).longValue());
  }

  private static BigDecimal whole(JsonObject event, String name) {
    BigDecimal value = number(event, name);
    if (value.stripTrailingZeros().scale() > 0) {
      throw new IllegalArgumentException("%s must be a whole number, not %s".formatted(name, value));
    }
    return value;
  }

  /** Returns a number that is not negative, and small enough to be added up. */
  private static BigDecimal number(JsonObject event, String name) {
    JsonElement element = event.get(name);
    if (element == null || !element.isJsonPrimitive() || !element.getAsJsonPrimitive().isNumber()) {
      throw new IllegalArgumentException("a round must have a number '%s', not %s".formatted(name, element));
    }
    BigDecimal value = element.getAsBigDecimal();
    if (value.signum() < 0 || value.compareTo(MAX_VALUE) > 0) {
      throw new IllegalArgumentException("%s cannot be %s".formatted(name, value));
    }
    return value;
  }
}
