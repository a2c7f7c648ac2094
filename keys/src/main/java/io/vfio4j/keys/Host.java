// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.keys;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A host for which a certificate is issued.
 *
 * @param names its DNS names and IP addresses; the first is its common name
 */
public record Host(List<String> names) {

  /** RFC 1123, section 2.1: labels of letters, digits and hyphens. */
  private static final Pattern NAME =
      Pattern.compile("(?!.{254})[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
          + "(\\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*");

  private static final Pattern V4 =
      Pattern.compile("(25[0-5]|2[0-4]\\d|1?\\d?\\d)(\\.(25[0-5]|2[0-4]\\d|1?\\d?\\d)){3}");

  /** Permits only characters of an IPv6 address, so no slash; the encoder validates the address. */
  private static final Pattern V6 = Pattern.compile("[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*");

  private static final Pattern DIGITS_AND_DOTS = Pattern.compile("[0-9.]+");

  /** Maximum length of the first name, which becomes the common name (RFC 5280, ub-common-name). */
  private static final int MAX_FIRST_NAME = 64;

  /** Validates and copies the names. */
  public Host {
    names = List.copyOf(names);
    if (names.isEmpty()) {
      throw new IllegalArgumentException("a host needs a name");
    }
    names.forEach(Host::check);
    if (names.getFirst().length() > MAX_FIRST_NAME) {
      throw new IllegalArgumentException("'%s': the first name of a host has at most %d characters"
          .formatted(names.getFirst(), MAX_FIRST_NAME));
    }
    if (new HashSet<>(names).size() != names.size()) {
      throw new IllegalArgumentException("'" + String.join(",", names) + "' has a duplicate name");
    }
  }

  private static void check(String name) {
    boolean isAddress = isAddress(name);
    boolean isName = NAME.matcher(name).matches() && !DIGITS_AND_DOTS.matcher(name).matches();
    if (!isAddress && !isName) {
      throw new IllegalArgumentException("'%s' is neither a host name nor an IP address".formatted(name));
    }
  }

  /** Returns whether a name is an IP address. */
  static boolean isAddress(String name) {
    return V4.matcher(name).matches() || V6.matcher(name).matches();
  }

  /**
   * Parses a host.
   *
   * @param text {@code NAME[,NAME|ADDRESS]...}
   * @throws IllegalArgumentException if a name is invalid; the message says which, for the user
   */
  public static Host parse(String text) {
    return new Host(Arrays.asList(text.split(",", -1)));
  }

  /** Returns the first name, which is also the name of the host's folder. */
  public String name() {
    return names.getFirst();
  }
}
