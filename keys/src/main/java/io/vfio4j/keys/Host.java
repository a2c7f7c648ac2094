// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.keys;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A host that gets a certificate.
 *
 * @param names by what it is connected to: DNS names and IP addresses; the first is its own
 */
public record Host(List<String> names) {

  /** RFC 1123, section 2.1: labels of letters, digits and hyphens. */
  private static final Pattern NAME =
      Pattern.compile("(?!.{254})[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
          + "(\\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*");

  private static final Pattern V4 =
      Pattern.compile("(25[0-5]|2[0-4]\\d|1?\\d?\\d)(\\.(25[0-5]|2[0-4]\\d|1?\\d?\\d)){3}");

  /** Whether it is a good one the encoder says; no letters but these can be in one, nor in a path a slash. */
  private static final Pattern V6 = Pattern.compile("[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*");

  private static final Pattern DIGITS_AND_DOTS = Pattern.compile("[0-9.]+");

  /** The longest first name, characters: it becomes a common name (RFC 5280, ub-common-name). */
  private static final int MAX_FIRST_NAME = 64;

  /** Checks and copies the names. */
  public Host {
    names = List.copyOf(names);
    if (names.isEmpty()) {
      throw new IllegalArgumentException("a host without a name");
    }
    names.forEach(Host::check);
    if (names.getFirst().length() > MAX_FIRST_NAME) {
      throw new IllegalArgumentException("'%s': the first name of a host has at most %d characters"
          .formatted(names.getFirst(), MAX_FIRST_NAME));
    }
    if (new HashSet<>(names).size() != names.size()) {
      throw new IllegalArgumentException("'" + String.join(",", names) + "' names something twice");
    }
  }

  private static void check(String name) {
    boolean isAddress = isAddress(name);
    boolean isName = NAME.matcher(name).matches() && !DIGITS_AND_DOTS.matcher(name).matches();
    if (!isAddress && !isName) {
      throw new IllegalArgumentException("'%s' is neither a host name nor an IP address".formatted(name));
    }
  }

  /** Tells whether a name is an IP address. */
  static boolean isAddress(String name) {
    return V4.matcher(name).matches() || V6.matcher(name).matches();
  }

  /**
   * Reads a host.
   *
   * @param text {@code NAME[,NAME|ADDRESS]...}
   * @throws IllegalArgumentException with words that say what is wrong
   */
  public static Host parse(String text) {
    return new Host(Arrays.asList(text.split(",", -1)));
  }

  /** Returns its own name, which is that of its folder too. */
  public String name() {
    return names.getFirst();
  }
}
