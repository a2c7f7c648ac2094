// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance;

/**
 * Something that is looked at.
 *
 * @param group what it is about
 * @param name its name within the group, as in {@code RUNNING > STOP}; never changes once released
 * @param sentence what has to be so
 * @param source where that is written: a header and what is in it, or a section of a specification
 * @param dangerous whether it may harm the system that the device is in
 */
public record Check(Group group, String name, String sentence, String source, boolean dangerous) {

  /** Returns group and name, as in {@code transitions/RUNNING > STOP}: unique, and stable between versions. */
  public String id() {
    return group.id() + "/" + name;
  }
}
