// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.interop;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A TLS peer that is not ours: {@code openssl s_client} or {@code s_server}. */
final class OpensslProcess implements AutoCloseable {

  private static final String ACCEPT = "ACCEPT ";

  private final Process process;
  private final Path errors;
  private final BufferedReader out;

  private OpensslProcess(Path folder, List<String> arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("openssl"));
    command.addAll(arguments);
    errors = Files.createTempFile(folder, "openssl", ".txt");
    process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
    out = process.inputReader(StandardCharsets.US_ASCII);
  }

  /** Connects, and verifies the server with the CA of a folder of keys. */
  static OpensslProcess client(Path folder, Path trusted, int port, List<String> more) throws IOException {
    List<String> arguments = new ArrayList<>(List.of("s_client", "-quiet", "-verify_return_error",
        "-verify_hostname", "localhost", "-CAfile", trusted.resolve("ca.pem").toString(), "-connect",
        "localhost:" + port));
    arguments.addAll(more);
    return new OpensslProcess(folder, arguments);
  }

  /** Listens on a free port, and requires a client certificate signed by the CA of a folder of keys. */
  static OpensslProcess server(Path folder, Path trusted, List<String> more) throws IOException {
    List<String> arguments = new ArrayList<>(List.of("s_server", "-accept", "127.0.0.1:0", "-naccept", "1",
        "-Verify", "2", "-verify_return_error", "-CAfile", trusted.resolve("ca.pem").toString()));
    arguments.addAll(more);
    return new OpensslProcess(folder, arguments);
  }

  /** Returns the options for its own certificate and key. */
  static List<String> identity(Path keys) {
    return List.of("-cert", keys.resolve("cert.pem").toString(), "-key", keys.resolve("key.pem").toString());
  }

  /** Waits until the server listens and returns its port. */
  int port() throws IOException {
    String line = awaitLine(ACCEPT);
    return Integer.parseInt(line.substring(line.lastIndexOf(':') + 1));
  }

  /** Waits for the next line that contains a text. */
  String awaitLine(String text) throws IOException {
    for (String line = out.readLine(); line != null; line = out.readLine()) {
      if (line.contains(text)) {
        return line;
      }
    }
    throw new IOException("no line with '" + text + "'; standard error: " + errors());
  }

  void sendLine(String line) throws IOException {
    process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.US_ASCII));
    process.getOutputStream().flush();
  }

  /** Waits for it to exit and returns its standard error. */
  String awaitError() throws IOException, InterruptedException {
    out.lines().forEach(_ -> {
    });
    process.waitFor();
    return errors();
  }

  private String errors() throws IOException {
    return Files.readString(errors, StandardCharsets.ISO_8859_1);
  }

  @Override
  public void close() {
    process.destroyForcibly().onExit().join();
  }
}
