// SPDX-License-Identifier: Apache-2.0
/**
 * A scripted kernel: a simulated device behind Linux's VFIO interface, with the rules of that interface, a
 * {@link io.vfio4j.testkit.kernel.KernelProfile}, and injected errors. It declares the numbers of the interface
 * itself, so that a wrong number in the code under test is noticed.
 */
@NullMarked
package io.vfio4j.testkit.kernel;

import org.jspecify.annotations.NullMarked;
