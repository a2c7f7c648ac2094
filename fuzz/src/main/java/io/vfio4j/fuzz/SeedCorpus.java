// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/** Writes the seed inputs of the fuzzer: recorded connections in pieces, and generated inputs. */
public final class SeedCorpus {

  /** Number of messages in a piece of a recording, besides its VERSION. */
  private static final int MESSAGES_PER_INPUT = 24;
  private static final int GENERATED = 400;

  private SeedCorpus() {
  }

  /**
   * Writes the inputs.
   *
   * @param arguments the folder to write to, and the folder with recordings
   */
  public static void main(String[] arguments) throws IOException {
    Path into = Files.createDirectories(Path.of(arguments[0]));
    int number = 0;
    for (Path recording : recordings(Path.of(arguments[1]))) {
      for (FuzzInput piece : split(recording)) {
        Files.write(into.resolve("recorded-" + number++), piece.encode());
      }
    }
    for (int i = 0; i < GENERATED; i++) {
      Files.write(into.resolve("made-up-" + i), InputGenerator.generate(new SplittableRandom(i)).encode());
    }
  }

  /** Returns the recordings in a folder. */
  static List<Path> recordings(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(".rec")).sorted().toList();
    }
  }

  /**
   * Splits the connections of a recording into inputs, each of which begins with the VERSION of its
   * connection.
   */
  static List<FuzzInput> split(Path recording) throws IOException {
    List<FuzzInput> pieces = new ArrayList<>();
    for (RecordedConnection recorded : RecordedConnection.read(recording)) {
      List<Op> ops = recorded.toInput().ops();
      for (int at = 1; at < ops.size(); at += MESSAGES_PER_INPUT) {
        List<Op> piece = new ArrayList<>(List.of(ops.getFirst()));
        piece.addAll(ops.subList(at, Math.min(ops.size(), at + MESSAGES_PER_INPUT)));
        pieces.add(new FuzzInput(0, piece));
      }
    }
    return pieces;
  }
}
