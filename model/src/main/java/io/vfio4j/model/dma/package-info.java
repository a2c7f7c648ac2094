@NullMarked
package io.vfio4j.model.dma;

import org.jspecify.annotations.NullMarked;
