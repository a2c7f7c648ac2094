// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/** Writes the sessions that a fuzzer begins with: recorded ones in pieces, and some that are made up. */
public final class SeedCorpus {

  /** How many messages a piece of a recording has, besides its VERSION. */
  private static final int MESSAGES_PER_INPUT = 24;
  private static final int GENERATED = 400;

  private SeedCorpus() {
  }

  /**
   * Writes them.
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

  /** Returns the sessions of a recording in pieces, each with the VERSION that the session began with. */
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
