// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.bench;

import io.vfio4j.engine.pages.MemoryChannel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Runs the baseline programs in C, {@code pingpong} and {@code memory}. */
final class BaselinePrograms {

  private final Path program;

  BaselinePrograms(Path program) {
    this.program = program;
  }

  List<String> serverCommand(Path socket, long stateBytes) {
    return List.of(program.toString(), "server", socket.toString(), Long.toString(stateBytes));
  }

  Latency read(Path socket, int warmup, int count) throws InterruptedException {
    long[] numbers = run("read", socket.toString(), Integer.toString(warmup), Integer.toString(count));
    return new Latency(numbers[0], numbers[1]);
  }

  /** Returns posted writes per second, in millions. */
  double post(Path socket, int warmup, int count) throws InterruptedException {
    long[] numbers = run("post", socket.toString(), Integer.toString(warmup), Integer.toString(count));
    return numbers[0] * 1e3 / numbers[1];
  }

  TimedTransfer copy(Path socket) throws InterruptedException {
    long[] numbers = run("copy", socket.toString());
    return new TimedTransfer(numbers[0], numbers[1]);
  }

  /** Returns the rates of reading and of writing the state, in bytes per second, with pieces of this size. */
  long[] stream(Path socket, int piece) throws InterruptedException {
    return run("stream", socket.toString(), Integer.toString(piece));
  }

  /** Returns pairs of DMA_MAP and DMA_UNMAP per second, beside {@code live} other mappings. */
  double map(Path socket, int live, int warmup, int count) throws InterruptedException {
    long[] numbers = run("map", socket.toString(), Integer.toString(live), Integer.toString(warmup),
        Integer.toString(count));
    return numbers[0] * 1e9 / numbers[1];
  }

  /** Returns the median nanoseconds of a report with no dirty pages, and of one with all pages dirty. */
  long[] report(Path socket, long bytes, int count) throws InterruptedException {
    return run("report", socket.toString(), Long.toString(bytes), Integer.toString(count));
  }

  /** Measures copying memory within a process. */
  MemoryChannel.Cost copyMemory(long bytes) throws InterruptedException {
    return memory("copy", Long.toString(bytes));
  }

  /** Measures sending memory from one thread to another over a {@code unix} or {@code tcp} socket. */
  MemoryChannel.Cost moveMemory(String socket, long bytes, int piece) throws InterruptedException {
    return memory(socket, Long.toString(bytes), Integer.toString(piece));
  }

  private MemoryChannel.Cost memory(String... arguments) throws InterruptedException {
    long[] numbers = run(program.resolveSibling("memory"), arguments);
    return new MemoryChannel.Cost(numbers[0], numbers[1], numbers[1], 0);
  }

  private long[] run(String... arguments) throws InterruptedException {
    return run(program, arguments);
  }

  /** Runs a program that prints two numbers, and returns them. */
  private static long[] run(Path program, String... arguments) throws InterruptedException {
    List<String> command = new ArrayList<>(List.of(program.toString()));
    command.addAll(List.of(arguments));
    try {
      Process client = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      String output = new String(client.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip();
      if (client.waitFor() != 0) {
        throw new IllegalStateException(command + " failed");
      }
      int blank = output.indexOf(' ');
      return new long[] {Long.parseLong(output.substring(0, blank)),
          Long.parseLong(output.substring(blank + 1))};
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
