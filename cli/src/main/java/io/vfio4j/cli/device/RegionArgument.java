// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.device;

import io.vfio4j.cli.base.CommandException;
import io.vfio4j.cli.base.ExitCodes;
import io.vfio4j.cli.base.SizeConverter;
import io.vfio4j.engine.memory.MemoryRegion;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.FileStatus;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.MemoryMap;
import io.vfio4j.model.Errno;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Memory that migrates with the devices: {@code NAME=PATH@IOVA[:SIZE]}.
 *
 * @param name its name on both sides
 * @param path the file that backs it, from its beginning
 * @param iova the address at which devices access it
 * @param size its size in bytes; empty for the whole file
 */
public record RegionArgument(String name, Path path, long iova, OptionalLong size) {

  private static final Pattern SYNTAX =
      Pattern.compile("([^=]+)=(.+)@(0[xX][0-9a-fA-F]{1,16}|[0-9]{1,19})(?::([0-9a-zA-Z]+))?");

  static RegionArgument parse(String text) {
    Matcher matcher = SYNTAX.matcher(text);
    if (!matcher.matches()) {
      throw new TypeConversionException(
          "'%s' is not a memory region; expected NAME=PATH@IOVA[:SIZE], as in ram=/dev/shm/guest@0x0:4g"
              .formatted(text));
    }
    try {
      String iova = matcher.group(3);
      boolean isHex = iova.startsWith("0x") || iova.startsWith("0X");
      String size = matcher.group(4);
      return new RegionArgument(matcher.group(1), Path.of(matcher.group(2)),
          isHex ? Long.parseUnsignedLong(iova.substring(2), 16) : Long.parseUnsignedLong(iova),
          size == null ? OptionalLong.empty() : OptionalLong.of(new SizeConverter().convert(size)));
    } catch (NumberFormatException | InvalidPathException e) {
      throw new TypeConversionException("'%s': %s".formatted(text, e.getMessage()));
    }
  }

  /** Parses the argument for picocli. */
  public static final class Converter implements ITypeConverter<RegionArgument> {
    @Override
    public RegionArgument convert(String text) {
      return parse(text);
    }
  }

  /**
   * Maps the memory.
   *
   * @param arena the lifetime of the mapping
   * @throws CommandException if the file does not exist, is too short, or is not a whole number of pages
   */
  MemoryRegion map(Arena arena) throws IOException {
    try (Fd file = Fd.open(path)) {
      FileStatus status = FileStatus.of(file);
      if (status.type() == FileStatus.Type.OTHER || status.type() == FileStatus.Type.BLOCK_DEVICE) {
        throw failure("%s is not a file that can be mapped".formatted(path), null);
      }
      if (!status.hasSize() && size.isEmpty()) {
        throw failure("the size of %s is unknown; expected %s=%s@0x%x:SIZE".formatted(path, name, path, iova),
            null);
      }
      long fileSize = status.hasSize() ? status.size() : size.getAsLong();
      long length = size.orElse(fileSize);
      if (length > fileSize) {
        throw failure("%s has %d bytes, less than %d".formatted(path, fileSize, length), null);
      }
      if (length == 0) {
        throw failure(path + " is empty", null);
      }
      return new MemoryRegion(name, iova, MemoryMap.shared(file, 0, length, true, arena),
          new RegionFile(path, status));
    } catch (IllegalArgumentException e) {
      throw failure(String.valueOf(e.getMessage()), e);
    } catch (LinuxException e) {
      throw failure(e.errno().equals(Errno.ENOENT)
          ? "no such file: " + path
          : "%s: %s: %s".formatted(path, e.function(), e.errno()), e);
    }
  }

  private CommandException failure(String problem, @Nullable Exception cause) {
    return new CommandException(ExitCodes.FAILURE, "--region %s: %s".formatted(name, problem), cause);
  }
}
