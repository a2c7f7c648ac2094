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

/** Where a migration is listened for: {@code unix:PATH} or {@code tcp:HOST:PORT}. */
public sealed interface TransportAddress {

  /** The longest path of a UNIX socket, bytes: {@code sun_path} without its final zero (uapi/linux/un.h). */
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
   * @param port 0 to 65535; 0 lets the system choose when listening
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
        return false; // What cannot be resolved is not known to be safe.
      }
    }

    @Override
    public SocketAddress resolve() throws IOException {
      InetSocketAddress address = new InetSocketAddress(host, port);
      if (address.isUnresolved()) {
        throw new UnknownHostException("no host is known by the name " + host);
      }
      return address;
    }

    @Override
    public String toString() {
      return host.contains(":") ? "tcp:[" + host + "]:" + port : "tcp:" + host + ":" + port;
    }
  }

  /** Tells whether only this machine can reach it. A host name is resolved for that. */
  boolean isLoopback();

  /**
   * Returns the address as the JDK has it.
   *
   * @throws IOException if the host is not known
   */
  SocketAddress resolve() throws IOException;

  /**
   * Reads an address.
   *
   * @param text {@code unix:PATH}, {@code tcp:HOST:PORT} or {@code tcp:[V6]:PORT}
   * @throws IllegalArgumentException with words that say what would be right
   */
  static TransportAddress parse(String text) {
    if (text.startsWith("unix:")) {
      return parseUnix(text, text.substring("unix:".length()));
    }
    if (text.startsWith("tcp:")) {
      return parseTcp(text, text.substring("tcp:".length()));
    }
    throw new IllegalArgumentException("'" + text + "' is no address: unix:PATH or tcp:HOST:PORT");
  }

  private static TransportAddress parseUnix(String text, String path) {
    if (path.isEmpty() || path.length() > MAX_UNIX_PATH) {
      throw new IllegalArgumentException(
          "'" + text + "': the path of a UNIX socket has 1 to " + MAX_UNIX_PATH + " characters");
    }
    try {
      return new Unix(Path.of(path));
    } catch (InvalidPathException e) {
      throw new IllegalArgumentException("'" + text + "' holds no path: " + e.getReason(), e);
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
      throw new IllegalArgumentException("'" + text + "' is no address: tcp:HOST:PORT or tcp:[V6]:PORT");
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
