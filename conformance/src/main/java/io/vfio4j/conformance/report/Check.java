// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.conformance.report;

/**
 * Something that is looked at.
 *
 * @param group what it is about
 * @param name its name within the group, as in {@code RUNNING > STOP}; never changes once released
 * @param requirement what has to be so
 * @param reference where that is written: a header and what is in it, or a section of a specification
 * @param isDangerous whether it may harm the system that the device is in
 */
public record Check(CheckGroup group, String name, String requirement, String reference,
    boolean isDangerous) {

  /** Returns group and name, as in {@code transitions/RUNNING > STOP}: unique, and stable between versions. */
  public String id() {
    return group.id() + "/" + name;
  }
}
