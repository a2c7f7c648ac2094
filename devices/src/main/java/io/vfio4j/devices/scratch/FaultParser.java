// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import io.vfio4j.model.Arc;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.MigrationFeature;
import io.vfio4j.model.MigrationFeatures;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Parses the text of a {@link Fault}: {@code key[=value]} separated by commas, of which the first is the kind. */
final class FaultParser {

  private static final String KINDS = "arc=FROM>TO, read, write, slow=RATE, announce=SIZE or traffic=skip";

  private final String text;
  private final String kind;
  private final Map<String, String> parameters = new HashMap<>();

  private FaultParser(String text) {
    this.text = text;
    List<String> parts = Arrays.asList(text.split(",", -1));
    this.kind = keyOf(parts.getFirst());
    for (String part : parts) {
      String key = keyOf(part);
      String value = part.contains("=") ? part.substring(part.indexOf('=') + 1).strip() : "";
      if (parameters.put(key, value) != null) {
        throw syntaxError("'" + key + "' is repeated");
      }
    }
  }

  static Fault parse(String text) {
    FaultParser parser = new FaultParser(text);
    Fault fault = parser.fault();
    if (!parser.parameters.isEmpty()) {
      throw parser
          .syntaxError("unexpected '%s'".formatted(parser.parameters.keySet().iterator().next()));
    }
    return fault;
  }

  private static String keyOf(String part) {
    int equals = part.indexOf('=');
    return (equals < 0 ? part : part.substring(0, equals)).strip().toLowerCase(Locale.ROOT);
  }

  private Fault fault() {
    return switch (kind) {
      case "arc" -> arcFault();
      case "read" -> streamFault(true);
      case "write" -> streamFault(false);
      case "slow" -> new Fault.ReadThrottle(number(require("slow", "slow=RATE, in bytes per second")));
      case "announce" -> new Fault.LengthOverride(number(require("announce", "announce=SIZE, in bytes")));
      case "traffic" -> trafficFault();
      default -> throw syntaxError("expected " + KINDS);
    };
  }

  private Fault arcFault() {
    Arc arc = arc(require("arc", "arc=FROM>TO"));
    Optional<String> delay = optional("delay");
    int times =
        optional("times").map(this::number).map(n -> (int) Math.min(n, Fault.UNLIMITED))
            .orElse(Fault.UNLIMITED);
    if (delay.isPresent()) {
      return new Fault.ArcDelay(arc, duration(delay.get()), times);
    }
    Errno errno = errno(require("errno", "errno=E or delay=D"));
    return new Fault.ArcFailure(arc, errno, optional("error").isPresent(), times);
  }

  private Fault streamFault(boolean read) {
    require(kind, kind);
    long at = number(require("at", "at=N, the number of the byte"));
    if (optional("cut").isPresent()) {
      return read ? new Fault.ReadTruncation(at) : new Fault.WriteTruncation(at);
    }
    Errno errno = errno(require("errno", "errno=E or cut"));
    return read ? new Fault.ReadFailure(at, errno) : new Fault.WriteFailure(at, errno);
  }

  private Fault trafficFault() {
    return switch (require("traffic", "traffic=skip, repeat or restart").toLowerCase(Locale.ROOT)) {
      case "skip" -> Fault.TrafficFault.SKIP;
      case "repeat" -> Fault.TrafficFault.REPEAT;
      case "restart" -> Fault.TrafficFault.RESTART;
      default -> throw syntaxError("expected traffic=skip, traffic=repeat or traffic=restart");
    };
  }

  private String require(String key, String wanted) {
    return optional(key).orElseThrow(() -> syntaxError("expected " + wanted));
  }

  private Optional<String> optional(String key) {
    return Optional.ofNullable(parameters.remove(key));
  }

  private Arc arc(String value) {
    String[] ends = value.split(">", -1);
    if (ends.length != 2) {
      throw syntaxError("expected two states, as in arc=STOP>STOP_COPY");
    }
    Arc arc = new Arc(state(ends[0]), state(ends[1]));
    MigrationFeatures noP2p = MigrationFeatures.of(MigrationFeature.PRE_COPY);
    if (Stream.of(MigrationFeatures.ALL, noP2p).noneMatch(features -> Arc.of(features).contains(arc))) {
      throw syntaxError("%s is not a single arc: name the arc of that path that fails".formatted(arc));
    }
    return arc;
  }

  private DeviceState state(String name) {
    return Arrays.stream(DeviceState.values()).filter(state -> state.name().equalsIgnoreCase(name.strip()))
        .findFirst()
        .orElseThrow(
            () -> syntaxError("unknown state '%s': expected one of %s".formatted(name,
                Arrays.toString(DeviceState.values()))));
  }

  private Errno errno(String value) {
    String name = value.toUpperCase(Locale.ROOT);
    if (!name.isEmpty() && name.chars().allMatch(Character::isDigit)) {
      long number = number(value);
      if (number < 1 || number > 4095) {
        throw syntaxError("an errno must be from 1 to 4095");
      }
      return new Errno((int) number);
    }
    return Errno.named(name)
        .orElseThrow(() -> syntaxError("expected errno=E by name, as in EIO, or by number"));
  }

  private Duration duration(String value) {
    String unit = value.replaceFirst("^[0-9]+", "");
    long nanos = switch (unit) {
      case "us" -> 1_000L;
      case "ms" -> 1_000_000L;
      case "s" -> 1_000_000_000L;
      default -> throw syntaxError("expected delay=D in us, ms or s, as in delay=500ms");
    };
    long count = number(value.substring(0, value.length() - unit.length()));
    if (count > Duration.ofDays(1).toNanos() / nanos) {
      throw syntaxError("a delay must be at most a day");
    }
    return Duration.ofNanos(count * nanos);
  }

  private long number(String value) {
    String digits = value.toLowerCase(Locale.ROOT);
    int shift = digits.isEmpty() ? 0 : switch (digits.charAt(digits.length() - 1)) {
      case 'k' -> 10;
      case 'm' -> 20;
      case 'g' -> 30;
      default -> 0;
    };
    digits = shift == 0 ? digits : digits.substring(0, digits.length() - 1);
    if (digits.isEmpty() || digits.length() > 18 || !digits.chars().allMatch(c -> c >= '0' && c <= '9')
        || Long.parseLong(digits) > Long.MAX_VALUE >> shift) {
      throw syntaxError("'%s' is not a whole number such as 4096, 64k or 2m".formatted(value));
    }
    return Long.parseLong(digits) << shift;
  }

  private IllegalArgumentException syntaxError(String problem) {
    return new IllegalArgumentException("fault '%s': %s".formatted(text, problem));
  }
}
