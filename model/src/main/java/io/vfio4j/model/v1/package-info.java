// SPDX-License-Identifier: Apache-2.0
/**
 * Version 1 of the VFIO migration protocol: states, transitions, actions, and their mapping to version 2.
 *
 * <p>
 * Source: the thread "vfio: Update/Clarify migration uAPI, add NDMA state" on the kvm mailing list, December 2021 to
 * January 2022.
 */
@NullMarked
package io.vfio4j.model.v1;

import org.jspecify.annotations.NullMarked;
