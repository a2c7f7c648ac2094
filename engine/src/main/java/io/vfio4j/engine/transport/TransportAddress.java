// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.transport;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** The address of a listening side: {@code unix:PATH} or {@code tcp:HOST:PORT}. */
public sealed interface TransportAddress {

  /** The longest path of a UNIX socket, in bytes: {@code sun_path} without its final zero (uapi/linux/un.h). */
  int MAX_UNIX_PATH = 107;

  /**
   * A UNIX socket.
   *
   * @param path its path
   */
  record Unix(Path path) implements TransportAddress {
    @Override
    public boolean isLoopback() {
      return true;
    }

    @Override
    public SocketAddress resolve() {
      return UnixDomainSocketAddress.of(path);
    }

    @Override
    public String toString() {
      return "unix:" + path;
    }
  }

  /**
   * A TCP port.
   *
   * @param host a name or an address, without brackets
   * @param port 0 to 65535; with 0 a listener gets a free port
   */
  record Tcp(String host, int port) implements TransportAddress {
    @Override
    public boolean isLoopback() {
      try {
        for (InetAddress address : InetAddress.getAllByName(host)) {
          if (!address.isLoopbackAddress()) {
            return false;
          }
        }
        return true;
      } catch (UnknownHostException e) {
        return false; // Not known to be safe.
      }
    }

    @Override
    public SocketAddress resolve() throws IOException {
      InetSocketAddress address = new InetSocketAddress(host, port);
      if (address.isUnresolved()) {
        throw new UnknownHostException("unknown host " + host);
      }
      return address;
    }

    @Override
    public String toString() {
      return host.contains(":") ? "tcp:[" + host + "]:" + port : "tcp:" + host + ":" + port;
    }
  }

  /** Returns whether only this machine can reach it; resolves a host name for that. */
  boolean isLoopback();

  /**
   * Returns the address for the JDK.
   *
   * @throws IOException if the host name cannot be resolved
   */
  SocketAddress resolve() throws IOException;

  /**
   * Parses an address.
   *
   * @param text {@code unix:PATH}, {@code tcp:HOST:PORT} or {@code tcp:[V6]:PORT}
   * @throws IllegalArgumentException with the expected format
   */
  static TransportAddress parse(String text) {
    if (text.startsWith("unix:")) {
      return parseUnix(text, text.substring("unix:".length()));
    }
    if (text.startsWith("tcp:")) {
      return parseTcp(text, text.substring("tcp:".length()));
    }
    throw new IllegalArgumentException(
        "'" + text + "' is not an address; expected unix:PATH or tcp:HOST:PORT");
  }

  private static TransportAddress parseUnix(String text, String path) {
    if (path.isEmpty() || path.length() > MAX_UNIX_PATH) {
      throw new IllegalArgumentException(
          "'" + text + "': the path of a UNIX socket has 1 to " + MAX_UNIX_PATH + " characters");
    }
    try {
      return new Unix(Path.of(path));
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException("'" + text + "' is not a valid path: " + e.getReason(), e);
    }
  }

  private static TransportAddress parseTcp(String text, String hostAndPort) {
    int colon = hostAndPort.lastIndexOf(':');
    String host = colon < 0 ? "" : hostAndPort.substring(0, colon);
    boolean bracketed = host.startsWith("[") && host.endsWith("]");
    if (bracketed) {
      host = host.substring(1, host.length() - 1);
    }
    if (host.isEmpty() || bracketed != host.contains(":")) {
      throw new IllegalArgumentException(
          "'" + text + "' is not an address; expected tcp:HOST:PORT or tcp:[V6]:PORT");
    }
    return new Tcp(host, parsePort(text, hostAndPort.substring(colon + 1)));
  }

  private static int parsePort(String text, String digits) {
    if (!digits.matches("[0-9]{1,5}") || Integer.parseInt(digits) > 65535) {
      throw new IllegalArgumentException("'" + text + "': a port is a number from 0 to 65535");
    }
    return Integer.parseInt(digits);
  }
}
