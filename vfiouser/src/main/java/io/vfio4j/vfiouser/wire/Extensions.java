// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.wire;

/**
 * What two ends that are both vfio4j agree on beyond the protocol, in the capability {@code "vfio4j"}.
 *
 * @param isVfio4j whether the other end is vfio4j at all
 * @param preCopyInfo whether pre-copy info can be asked for, as feature 0xff00
 * @param keepState whether a device in RUNNING is left as it is when the client goes away
 * @param keepStopped whether a device that stands still with its state is left in STOP when the client goes away, and one
 *     that runs while its state is read, in RUNNING
 * @param memoryKinds whether DMA_MAP says of a mapping that it is a peer, with flag 0x100
 * @param reasons whether a reply with the error flag has the reason of the refusal in its body
 */
public record Extensions(boolean isVfio4j, boolean preCopyInfo, boolean keepState, boolean keepStopped,
    boolean memoryKinds, boolean reasons) {

  public static final Extensions NONE = new Extensions(false, false, false, false, false, false);
}
