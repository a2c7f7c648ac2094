// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli;

import io.vfio4j.engine.MemoryRegion;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Memory that moves along: {@code NAME=PATH@IOVA[:SIZE]}.
 *
 * @param name what both sides call it
 * @param path a file that it is, of which the first bytes are meant
 * @param iova where devices see it
 * @param size bytes of it; empty for the whole file
 */
record RegionArgument(String name, Path path, long iova, OptionalLong size) {

  private static final Pattern FORM =
      Pattern.compile("([^=]+)=(.+)@(0[xX][0-9a-fA-F]{1,16}|[0-9]{1,19})(?::([0-9a-zA-Z]+))?");

  static RegionArgument parse(String text) {
    Matcher form = FORM.matcher(text);
    if (!form.matches()) {
      throw new TypeConversionException(
          "'%s' is not memory; write NAME=PATH@IOVA[:SIZE], as in ram=/dev/shm/guest@0x0:4g".formatted(text));
    }
    try {
      String iova = form.group(3);
      boolean isHex = iova.startsWith("0x") || iova.startsWith("0X");
      String size = form.group(4);
      return new RegionArgument(form.group(1), Path.of(form.group(2)),
          isHex ? Long.parseUnsignedLong(iova.substring(2), 16) : Long.parseUnsignedLong(iova),
          size == null ? OptionalLong.empty() : OptionalLong.of(new SizeConverter().convert(size)));
    } catch (NumberFormatException | InvalidPathException e) {
      throw new TypeConversionException("'%s': %s".formatted(text, e.getMessage()));
    }
  }

  /** Reads the argument for picocli. */
  static final class Converter implements ITypeConverter<RegionArgument> {
    @Override
    public RegionArgument convert(String text) {
      return parse(text);
    }
  }

  /**
   * Maps the memory.
   *
   * @param arena where it stays mapped
   * @throws CommandFailure if the file is not there, or too short, or not whole pages
   */
  MemoryRegion map(Arena arena) throws IOException {
    try (FileChannel file =
        FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      long there = file.size();
      long wanted = size.orElse(there);
      if (wanted > there) {
        throw new CommandFailure(ExitCodes.NOT_DONE,
            "--region %s: %s has %d bytes, which is less than %d".formatted(name, path, there, wanted), null);
      }
      return new MemoryRegion(name, iova, file.map(FileChannel.MapMode.READ_WRITE, 0, wanted, arena),
          RegionFile.of(path));
    } catch (IllegalArgumentException e) {
      throw new CommandFailure(ExitCodes.NOT_DONE, "--region %s: %s".formatted(name, e.getMessage()), e);
    } catch (NoSuchFileException e) {
      throw new CommandFailure(ExitCodes.NOT_DONE, "--region %s: there is no file %s".formatted(name, path),
          e);
    } catch (FileSystemException e) {
      throw new CommandFailure(ExitCodes.NOT_DONE,
          "--region %s: %s: %s".formatted(name, path, e.getReason()), e);
    }
  }
}
