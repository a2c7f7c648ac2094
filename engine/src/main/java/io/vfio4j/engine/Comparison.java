// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The properties of both sides, pairwise, and which of them would make a migration refuse. A migration
 * evaluates the same comparison before it touches a device.
 *
 * @param sides properties of the two sides as a whole
 * @param devices the pairs of devices, in order
 * @param memory the pairs of memory regions, first the source's in their order
 */
public record Comparison(List<Property> sides, List<Pair> devices, List<Pair> memory) {

  /** What cannot be checked in advance, for output. */
  public static final String CAVEAT =
      "Beyond the layout, where both devices report one, whether a device accepts the state of the other is known only "
          + "when it leaves RESUMING: that state is the devices' own matter.";

  /** The result for one property. */
  public enum Verdict {
    /** Both sides have the same value. */
    SAME,
    /** The values differ, or one is missing, which does not prevent a migration. */
    FINE,
    /** A migration is refused because of it. */
    REFUSED
  }

  /**
   * One compared property.
   *
   * @param name a keyword, as in {@code ids}
   * @param source the source's value, as text
   * @param target the target's value, as text
   * @param verdict the result
   * @param reason why it is refused, as a sentence; empty unless refused
   */
  public record Property(String name, String source, String target, Verdict verdict, String reason) {

    public static Property refused(String name, String source, String target, String reason) {
      return new Property(name, source, target, Verdict.REFUSED, reason);
    }

    /** Returns a property that never refuses a migration. */
    public static Property informative(String name, String source, String target) {
      return new Property(name, source, target, source.equals(target) ? Verdict.SAME : Verdict.FINE, "");
    }

    /** Returns a property that a check has refused, if there is a complaint. */
    public static Property checked(String name, String source, String target, Optional<String> complaint) {
      return complaint.isPresent()
          ? refused(name, source, target, complaint.get())
          : informative(name, source, target);
    }
  }

  /**
   * Two devices, or two regions, that correspond to each other.
   *
   * @param source the source's name of it; empty if it has none
   * @param target the target's name of it; empty if it has none
   * @param properties the compared properties
   */
  public record Pair(Optional<String> source, Optional<String> target, List<Property> properties) {

    public Pair {
      properties = List.copyOf(properties);
    }
  }

  public Comparison {
    sides = List.copyOf(sides);
    devices = List.copyOf(devices);
    memory = List.copyOf(memory);
  }

  /** Returns whether a migration would be accepted, as far as can be checked in advance. */
  public boolean isAccepted() {
    return objections().isEmpty();
  }

  /** Returns the reasons for a refusal, one sentence each; empty if it would be accepted. */
  public List<String> objections() {
    return Stream.concat(sides.stream(),
        Stream.concat(devices.stream(), memory.stream()).flatMap(pair -> pair.properties().stream()))
        .filter(property -> property.verdict() == Verdict.REFUSED).map(Property::reason).toList();
  }

  /** Returns the same with an objection of the target that concerns no compared property. */
  public Comparison withObjection(String words) {
    List<Property> more = new ArrayList<>(sides);
    more.add(Property.refused("objection", "", words, "the target refuses: " + words));
    return new Comparison(more, devices, memory);
  }
}
