// SPDX-License-Identifier: Apache-2.0
/**
 * vfio-user peers that are not vfio4j: servers and clients with the traits of others, written from the protocol alone
 * and sharing no code with the ends that they are to test.
 */
@NullMarked
package io.vfio4j.testkit.foreign;

import org.jspecify.annotations.NullMarked;
