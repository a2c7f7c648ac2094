// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.model.ByteSize;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Function;

/**
 * An option of a device, and the key of its value in {@link DeviceOptions}. Two options with equal texts differ if their
 * parsers do, so a provider keeps its options in constants.
 *
 * @param name the name without hyphens before it; {@code serve} takes it as {@code --NAME}
 * @param label the word for the value in the help, such as {@code SIZE}; empty for a flag
 * @param description one line for the help, with unit and default
 * @param arity how many values it may have
 * @param parser converts the text of a value; throws {@link IllegalArgumentException} if it is not valid
 */
public record DeviceOption<T>(String name, String label, String description, Arity arity,
    Function<String, T> parser) {

  /** How many values an option may have. */
  public enum Arity {
    /** No value: the option is set or not. */
    FLAG,
    /** One value at most. */
    SINGLE,
    /** Any number of values. */
    REPEATED
  }

  /** Returns an option without a value. */
  public static DeviceOption<Boolean> flag(String name, String description) {
    return new DeviceOption<>(name, "", description, Arity.FLAG, text -> true);
  }

  /** Returns an option whose value is a size in bytes, such as {@code 64m}. */
  public static DeviceOption<Long> size(String name, String description) {
    return of(name, "SIZE", description, ByteSize::parse);
  }

  /** Returns an option whose value is a file that exists and can be read. */
  public static DeviceOption<Path> readableFile(String name, String description) {
    return of(name, "FILE", description, DeviceOption::requireReadable);
  }

  /**
   * Returns an option with a value of any type.
   *
   * @param parser converts the text of the value; throws {@link IllegalArgumentException} if it is not valid
   */
  public static <T> DeviceOption<T> of(String name, String label, String description,
      Function<String, T> parser) {
    return new DeviceOption<>(name, label, description, Arity.SINGLE, parser);
  }

  /** Returns this as an option that may be given several times. */
  public DeviceOption<T> repeatable() {
    return new DeviceOption<>(name, label, description, Arity.REPEATED, parser);
  }

  private static Path requireReadable(String text) {
    Path file = Path.of(text);
    if (!Files.exists(file)) {
      throw new IllegalArgumentException("no such file: " + file);
    }
    if (Files.isDirectory(file) || !Files.isReadable(file)) {
      throw new IllegalArgumentException(file + " cannot be read");
    }
    return file;
  }
}
