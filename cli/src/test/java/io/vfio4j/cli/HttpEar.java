// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;

/** Hears HTTP requests on this machine and answers them: with 503 where the path is {@code /no}, else with 204. */
final class HttpEar implements AutoCloseable {

  final List<String> requests = new CopyOnWriteArrayList<>();
  private final ServerSocket server;

  HttpEar() throws IOException {
    server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
    Thread.ofPlatform().name("http-ear").daemon(true).start(this::run);
  }

  String address() {
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
    String status = path.equals("/no") ? "503 Service Unavailable" : "204 No Content";
    socket.getOutputStream()
        .write(("HTTP/1.1 " + status + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII));
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
