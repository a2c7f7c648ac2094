// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.watch;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Parses {@code PORT} (on the loopback address), {@code HOST:PORT} or {@code [IPV6]:PORT}. */
final class MetricsAddressConverter implements ITypeConverter<InetSocketAddress> {

  private static final int MAX_PORT = 65535;

  @Override
  public InetSocketAddress convert(String value) {
    int colon = value.lastIndexOf(':');
    int port = port(value, value.substring(colon + 1));
    if (colon < 0) {
      return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }
    String host = value.substring(0, colon);
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    } else if (host.indexOf(':') >= 0) {
      throw invalid(value);
    }
    if (host.isEmpty()) {
      throw invalid(value);
    }
    return new InetSocketAddress(host, port);
  }

  private static int port(String value, String digits) {
    try {
      int port = Integer.parseInt(digits);
      if (port >= 0 && port <= MAX_PORT) {
        return port;
      }
    } catch (NumberFormatException e) {
      throw invalid(value);
    }
    throw invalid(value);
  }

  private static TypeConversionException invalid(String value) {
    return new TypeConversionException(
        "'%s' is not an address; expected PORT or HOST:PORT, as in 9400 or localhost:9400".formatted(value));
  }
}
