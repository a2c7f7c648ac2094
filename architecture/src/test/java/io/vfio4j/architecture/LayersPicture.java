// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.architecture;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The picture of all packages in {@code docs/architecture.md}, in Mermaid.
 *
 * <p>
 * A box is a package, a frame is a module, and an arrow means "uses". Arrows that others imply are left out. Arrows
 * between packages of different modules join the frames.
 */
final class LayersPicture {
  private final Layers layers;
  private final Map<String, Set<String>> uses;
  private final StringBuilder text = new StringBuilder();

  private LayersPicture(Layers layers, Map<String, Set<String>> uses) {
    this.layers = layers;
    this.uses = uses;
  }

  /** Returns the picture of the modules as compiled. */
  static String draw() {
    return new LayersPicture(Layers.read(), ProjectClasses.uses()).text();
  }

  private String text() {
    text.append("```mermaid\nflowchart TB\n");
    layers.packages().forEach(this::module);
    reduced(betweenModules()).forEach((from, to) -> to.forEach(target -> arrow(from, target, "  ")));
    return text.append("```\n").toString();
  }

  private void module(String module, List<String> packages) {
    text.append("  subgraph ").append(module).append('\n');
    for (String name : packages.reversed()) {
      text.append("    ").append(id(name)).append("[\"").append(name).append("\"]\n");
    }
    Map<String, Set<String>> within = new LinkedHashMap<>();
    for (String name : packages.reversed()) {
      Set<String> used = new TreeSet<>(uses.getOrDefault(Layers.ROOT + name, Set.of()));
      used.removeIf(target -> !packages.contains(target.substring(Layers.ROOT.length())));
      within.put(Layers.ROOT + name, used);
    }
    reduced(within).forEach((from, to) -> to.forEach(target -> arrow(id(from.substring(Layers.ROOT.length())),
        id(target.substring(Layers.ROOT.length())), "    ")));
    text.append("  end\n");
  }

  /** Returns the name of a box, which differs from that of a frame: Mermaid takes a frame in itself for an error. */
  private static String id(String name) {
    return "p_" + name.replace('.', '_');
  }

  private void arrow(String from, String to, String indent) {
    text.append(indent).append(from).append(" --> ").append(to).append('\n');
  }

  private Map<String, Set<String>> betweenModules() {
    Map<String, Set<String>> between = new TreeMap<>();
    layers.packages().keySet().forEach(module -> between.put(module, new TreeSet<>()));
    uses.forEach((from, to) -> to.forEach(target -> {
      String module = ProjectClasses.module(from);
      String other = ProjectClasses.module(target);
      Set<String> used = between.get(module);
      if (used != null && !module.equals(other)) {
        used.add(other);
      }
    }));
    return between;
  }

  /** Returns the arrows without those that longer paths imply. */
  private static Map<String, Set<String>> reduced(Map<String, Set<String>> arrows) {
    Map<String, Set<String>> reduced = new LinkedHashMap<>();
    arrows.forEach((from, to) -> {
      Set<String> kept = new TreeSet<>(to);
      kept.removeIf(target -> to.stream()
          .anyMatch(step -> !step.equals(target) && reaches(arrows, step, target, new HashSet<>())));
      reduced.put(from, kept);
    });
    return reduced;
  }

  private static boolean reaches(Map<String, Set<String>> arrows, String from, String to, Set<String> seen) {
    return seen.add(from) && arrows.getOrDefault(from, Set.of()).stream()
        .anyMatch(step -> step.equals(to) || reaches(arrows, step, to, seen));
  }
}
