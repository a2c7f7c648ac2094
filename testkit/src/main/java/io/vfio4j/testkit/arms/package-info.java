// SPDX-License-Identifier: Apache-2.0
/** Servers without one of the guards that protect a hand-over of a VMM's connection, to prove that tests would notice. */
@NullMarked
package io.vfio4j.testkit.arms;

import org.jspecify.annotations.NullMarked;
