// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.idio16;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.OptionalInt;
import java.util.function.Consumer;

/**
 * Inputs read from a file that holds a number such as {@code 0x8001}: bit n is input n. While the file is missing, empty
 * or not a valid number, the inputs keep their last value.
 */
final class InputFileWiring implements Wiring {

  private static final int MAX_LENGTH = 16;
  private static final int MAX_INPUTS = 0xffff;

  private final Path file;
  private final Consumer<String> log;
  private final ByteBuffer bytes = ByteBuffer.allocate(MAX_LENGTH);
  private String lastProblem = "";
  private int inputs;

  InputFileWiring(Path file, Consumer<String> log) {
    this.file = file;
    this.log = log;
  }

  @Override
  public int inputs(int outputs) {
    // Reading a FIFO or a device file could block the device's thread.
    if (Files.isRegularFile(file)) {
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
        bytes.clear();
        channel.read(bytes, 0);
        update(StandardCharsets.US_ASCII.decode(bytes.flip()).toString().strip());
      } catch (IOException e) {
        logOnce(file + ": " + e.getMessage());
      }
    }
    return inputs;
  }

  private void update(String text) {
    OptionalInt number = parse(text);
    if (number.isPresent()) {
      inputs = number.getAsInt();
      lastProblem = "";
    } else if (!text.isEmpty()) { // Truncated, and about to be written.
      logOnce("%s: '%s' is not a number from 0 to 0xffff".formatted(file, text));
    }
  }

  private static OptionalInt parse(String text) {
    try {
      int number = Integer.decode(text);
      return number >= 0 && number <= MAX_INPUTS ? OptionalInt.of(number) : OptionalInt.empty();
    } catch (NumberFormatException e) {
      return OptionalInt.empty();
    }
  }

  /** Logs a line unless it repeats the previous one. */
  private void logOnce(String line) {
    if (!line.equals(lastProblem)) {
      lastProblem = line;
      log.accept(line);
    }
  }
}
