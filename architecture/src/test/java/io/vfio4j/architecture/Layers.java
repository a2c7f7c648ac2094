// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.architecture;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The layers that {@code layers.txt} declares.
 *
 * <p>
 * A line {@code module: package, package, ...} lists the packages of a module from the lowest to the highest. A package
 * uses packages of its own module only if they stand before it. Names are relative to {@code io.vfio4j}.
 *
 * @param packages the packages of each module, lowest first, by the module's name
 */
record Layers(Map<String, List<String>> packages) {
  static final String ROOT = "io.vfio4j.";
  private static final String RESOURCE = "layers.txt";

  /** Reads the declaration. */
  static Layers read() {
    Map<String, List<String>> packages = new LinkedHashMap<>();
    text().lines().map(String::strip).filter(line -> !line.isEmpty() && !line.startsWith("#"))
        .forEach(line -> {
          String[] parts = line.split(":", 2);
          packages.put(parts[0], List.of(parts[1].strip().split("\\s*,\\s*")));
        });
    return new Layers(packages);
  }

  private static String text() {
    try (InputStream in = Layers.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException("no resource " + RESOURCE);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  /** Returns the packages that stand above one in its module, with the root. */
  List<String> above(String module, String name) {
    List<String> own = packages.getOrDefault(module, List.of());
    return own.subList(own.indexOf(name) + 1, own.size()).stream().map(ROOT::concat).toList();
  }

  /** Returns all packages, with the root. */
  List<String> all() {
    List<String> all = new ArrayList<>();
    packages.values().forEach(own -> own.forEach(name -> all.add(ROOT + name)));
    return all;
  }
}
