// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import io.vfio4j.engine.pages.MemoryChannel;
import io.vfio4j.engine.transport.ConnectedPair;
import io.vfio4j.engine.transport.TlsKeys;
import io.vfio4j.engine.transport.TransportAddress;
import io.vfio4j.keys.Host;
import io.vfio4j.keys.KeySet;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Memory over TCP with TLS, beside plaintext TCP and OpenSSL's ciphers alone. */
final class TlsBenchmark implements AutoCloseable {

  private static final TransportAddress.Tcp TCP = new TransportAddress.Tcp("127.0.0.1", 0);

  private static final double GIB = 1L << 30;

  /** Size of a record (RFC 8446, section 5.1), which the ciphers process at a time. */
  private static final String RECORD = "16384";

  /** The samples of one path. */
  private record PathSamples(String name, Samples rate, Samples perCore) {

    PathSamples(String name) {
      this(name, new Samples(), new Samples());
    }

    void add(long bytes, MemoryChannel.Cost cost) {
      rate.add(bytes / GIB / (cost.nanos() / 1e9));
      perCore.add(bytes / GIB / (cost.busierNanos() / 1e9));
    }

    void clear() {
      rate.clear();
      perCore.clear();
    }
  }

  private final long bytes;
  private final int frame;
  private final TlsKeys keys;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment source;
  private final MemorySegment target;
  private final PathSamples plaintext = new PathSamples("TCP, in the clear");
  private final PathSamples tls = new PathSamples("TCP, TLS");
  private final Samples aes = new Samples();
  private final Samples chaCha = new Samples();

  /**
   * Prepares both ends.
   *
   * @param folder a folder for temporary keys
   * @param bytes the size of the memory
   * @param frame maximum size of a frame, bytes
   */
  TlsBenchmark(Path folder, long bytes, int frame) throws IOException {
    this.bytes = bytes;
    this.frame = frame;
    this.keys = newKeys(folder);
    source = arena.allocate(bytes, 4096).fill((byte) 0x5a);
    target = arena.allocate(bytes, 4096).fill((byte) 1);
  }

  private static TlsKeys newKeys(Path folder) throws IOException {
    try {
      KeySet.write(folder, List.of(Host.parse(TCP.host())), Instant.now(), Duration.ofDays(1));
      return TlsKeys.load(TlsKeys.Files.in(folder.resolve(TCP.host())));
    } catch (GeneralSecurityException e) {
      throw new IOException(e);
    } finally {
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  void run(int rounds) throws IOException, InterruptedException {
    for (int round = 0; round < rounds; round++) {
      plaintext.add(bytes, send(ConnectedPair.inTheClear(TCP)));
      tls.add(bytes, send(ConnectedPair.overTls(TCP, keys)));
      aes.add(cipher("aes-256-gcm"));
      chaCha.add(cipher("chacha20-poly1305"));
    }
  }

  private MemoryChannel.Cost send(ConnectedPair ends) throws IOException, InterruptedException {
    MemoryChannel.Cost cost;
    try (MemoryChannel pipe = new MemoryChannel(ends, source, target, frame)) {
      cost = pipe.sendAll();
    }
    if (source.mismatch(target) >= 0) {
      throw new IllegalStateException("the memory differs between source and target");
    }
    target.fill((byte) 1);
    return cost;
  }

  /** Returns GiB per second of CPU time, from the last word of openssl's last line, in thousands of bytes. */
  private static double cipher(String name) throws IOException, InterruptedException {
    Process openssl = new ProcessBuilder("openssl", "speed", "-seconds", "1", "-bytes", RECORD, "-evp", name)
        .redirectError(ProcessBuilder.Redirect.DISCARD).start();
    try (BufferedReader out = openssl.inputReader()) {
      String last = out.lines().reduce("", (before, line) -> line);
      if (openssl.waitFor() != 0) {
        throw new IOException("openssl speed failed");
      }
      String number = last.substring(last.lastIndexOf(' ') + 1).replace("k", "");
      return Double.parseDouble(number) * 1000 / GIB;
    }
  }

  /** Discards the samples so far. */
  void clear() {
    plaintext.clear();
    tls.clear();
    aes.clear();
    chaCha.clear();
  }

  void print(PrintStream out) {
    MarkdownTable table = new MarkdownTable(out, "Memory by TLS, moved within one machine",
        List.of("", "GiB/s", "GiB a second of the busier thread's processor", "TLS : this"));
    for (PathSamples samples : List.of(plaintext, tls)) {
      table.row(List.of(samples.name(), samples.rate().describe(2), samples.perCore().describe(2),
          tls.perCore().dividedBy(samples.perCore()).describe(2)));
    }
    table.row(List.of("AES-256-GCM, OpenSSL", "", aes.describe(2), tls.perCore().dividedBy(aes).describe(2)));
    table.row(List.of("ChaCha20-Poly1305, OpenSSL", "", chaCha.describe(2),
        tls.perCore().dividedBy(chaCha).describe(2)));
  }

  @Override
  public void close() {
    arena.close();
  }
}
