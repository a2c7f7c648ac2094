// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** The values of a device's options. */
public final class DeviceOptions {

  /** No option is set. */
  public static final DeviceOptions NONE = new DeviceOptions(Map.of());

  private final Map<DeviceOption<?>, List<Object>> values;

  private DeviceOptions(Map<DeviceOption<?>, List<Object>> values) {
    this.values = values;
  }

  /** Returns the value of an option, if it is set. */
  public <T> Optional<T> get(DeviceOption<T> option) {
    List<T> all = all(option);
    return all.isEmpty() ? Optional.empty() : Optional.of(all.getLast());
  }

  /** Returns whether a flag is set. */
  public boolean isSet(DeviceOption<Boolean> flag) {
    return values.containsKey(flag);
  }

  /** Returns the values of a repeatable option, in the order in which they were given. */
  @SuppressWarnings("unchecked") // The option's own parser made the values.
  public <T> List<T> all(DeviceOption<T> option) {
    return (List<T>) List.copyOf(values.getOrDefault(option, List.of()));
  }

  /** Begins to collect the values of a device's options. */
  public static Builder builder(List<DeviceOption<?>> declared) {
    return new Builder(declared);
  }

  /** Collects the values of a device's options. */
  public static final class Builder {

    private final Map<String, DeviceOption<?>> declared = new LinkedHashMap<>();
    private final Map<DeviceOption<?>, List<Object>> values = new LinkedHashMap<>();

    private Builder(List<DeviceOption<?>> options) {
      options.forEach(option -> declared.put(option.name(), option));
    }

    /**
     * Sets an option.
     *
     * @param name the name of a declared option
     * @param text its value; ignored for a flag
     * @throws IllegalArgumentException if no such option is declared, if the value is not valid, or if the option has a
     *     value already and is not repeatable
     */
    public Builder set(String name, String text) {
      DeviceOption<?> option = declared.get(name);
      if (option == null) {
        throw new IllegalArgumentException(declared.isEmpty()
            ? "unknown option '%s': the device has none".formatted(name)
            : "unknown option '%s': expected %s".formatted(name, String.join(", ", declared.keySet())));
      }
      List<Object> all = values.computeIfAbsent(option, any -> new ArrayList<>());
      if (!all.isEmpty() && option.arity() != DeviceOption.Arity.REPEATED) {
        throw new IllegalArgumentException(name + " is set twice");
      }
      all.add(parse(option, text));
      return this;
    }

    private static Object parse(DeviceOption<?> option, String text) {
      try {
        return option.parser().apply(text);
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(option.name() + ": " + e.getMessage(), e);
      }
    }

    /** Returns the values collected so far. */
    public DeviceOptions build() {
      return new DeviceOptions(values.entrySet().stream()
          .collect(Collectors.toUnmodifiableMap(Map.Entry::getKey, entry -> List.copyOf(entry.getValue()))));
    }
  }
}
