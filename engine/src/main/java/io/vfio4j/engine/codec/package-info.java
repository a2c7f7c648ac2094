@NullMarked
package io.vfio4j.engine.codec;

import org.jspecify.annotations.NullMarked;
