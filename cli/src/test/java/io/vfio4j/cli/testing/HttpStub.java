// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * An HTTP server on this host. The response depends on the path: 503 for {@code /no}, headers without the announced body for
 * {@code /no-body}, an endless header until the client disconnects for {@code /drip}, else 204.
 */
public final class HttpStub implements AutoCloseable {

  public final List<String> requests = new CopyOnWriteArrayList<>();
  private final ServerSocket server;

  public HttpStub() throws IOException {
    server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
    Thread.ofPlatform().name("http-ear").daemon(true).start(this::run);
  }

  public String address() {
    return "http://127.0.0.1:" + server.getLocalPort();
  }

  private void run() {
    while (!server.isClosed()) {
      try (Socket socket = server.accept()) {
        answer(socket);
      } catch (IOException e) {
        requests.add("failed: " + e);
      }
    }
  }

  private void answer(Socket socket) throws IOException {
    BufferedReader in =
        new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
    String request = in.readLine();
    String path = request.substring(request.indexOf(' ') + 1, request.lastIndexOf(' '));
    int length = 0;
    for (String line = in.readLine(); !line.isEmpty(); line = in.readLine()) {
      if (line.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
        length = Integer.parseInt(line.substring(15).strip());
      }
    }
    StringBuilder body = new StringBuilder();
    while (body.length() < length) {
      body.append((char) in.read());
    }
    requests.add(path + " " + body);
    switch (path) {
      case "/no-body" -> {
        write(socket, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        awaitEnd(in);
        return;
      }
      case "/drip" -> {
        write(socket, "HTTP/1.1 200 OK\r\nX-Long: ");
        trickle(socket, in);
        return;
      }
      default -> {
        // Answered below.
      }
    }
    String status = path.equals("/no") ? "503 Service Unavailable" : "204 No Content";
    write(socket, "HTTP/1.1 " + status + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  }

  private static void write(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
  }

  private void awaitEnd(BufferedReader in) {
    try {
      requests.add("the client left: " + (in.read() < 0));
    } catch (IOException e) {
      requests.add("the client left: true"); // With a reset.
    }
  }

  /** Writes until the client disconnects. */
  private void trickle(Socket socket, BufferedReader in) throws IOException {
    socket.setSoTimeout(5);
    while (takesMore(socket, in)) {
      // The client has disconnected.
    }
    requests.add("the client left: true");
  }

  private boolean takesMore(Socket socket, BufferedReader in) {
    try {
      write(socket, "x");
      return in.read() >= 0;
    } catch (SocketTimeoutException e) {
      return true; // Still connected.
    } catch (IOException e) {
      return false;
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
