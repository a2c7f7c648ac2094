// SPDX-License-Identifier: Apache-2.0
/**
 * A kernel that is a script: a simulated device behind the interface of Linux's VFIO, with its rules, its manners and
 * the trouble that a test orders. It knows the interface by numbers of its own, so that what is tested against it does
 * not agree with itself.
 */
@NullMarked
package io.vfio4j.testkit.kernel;

import org.jspecify.annotations.NullMarked;
