// SPDX-License-Identifier: Apache-2.0
/**
 * The format of a migration stream (docs/migration-stream.md), without the order in which the sides send frames:
 *
 * <pre>
 * direction = {@link io.vfio4j.engine.stream.Preamble}, HELLO | ASK | JOIN, frame*
 * frame     = {@link io.vfio4j.engine.stream.FrameHeader}, payload by {@link io.vfio4j.engine.stream.FrameKind}
 * HELLO     = tag-length-value fields, declared in {@link io.vfio4j.engine.stream.HelloFields}
 * </pre>
 *
 * <p>
 * {@link io.vfio4j.engine.stream.FrameWriter} and {@link io.vfio4j.engine.stream.FrameReader} are each confined to one
 * thread; several writers share a {@link io.vfio4j.engine.stream.FrameStream}.
 */
@NullMarked
package io.vfio4j.engine.stream;

import org.jspecify.annotations.NullMarked;
